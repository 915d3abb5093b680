#include "edge/request_id.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/ascii.hpp"

namespace patchbay::edge {
namespace {

// xoshiro256++ (Blackman and Vigna, public domain): 1 ns a number.
class Generator {
 public:
  Generator() {
    if (getrandom(state_.data(), sizeof state_, 0) != static_cast<ssize_t>(sizeof state_)) {
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    state_[0] |= 1;  // the all-zero state would never leave itself
  }
  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace

bool isRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return isAlnum(c) || c == '.' || c == '_' || c == '-'; });
}

std::string randomHex(std::size_t digits) {
  thread_local Generator generator;
  std::string text(digits, '0');
  for (std::size_t at = 0; at + 16 <= digits; at += 16) {
    std::uint64_t bits = generator.next();
    if (bits == 0) bits = 1;
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4U) text[at + i] = "0123456789abcdef"[bits & 15U];
  }
  return text;
}

std::string requestId(std::string_view given) {
  return isRequestId(given) ? std::string(given) : randomHex(32);
}

}  // namespace patchbay::edge
