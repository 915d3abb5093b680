#include "twilio_base64.hpp"

#include <algorithm>
#include <cstdint>
#include <patchbay/utf8.hpp>

namespace patchbay::twilio {
namespace {

/// The shortest SMS of several parts has 71 characters, each a byte or more.
constexpr std::size_t kShortest = 96;

int sixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// @param digits  without line breaks
std::optional<std::string> bytesOf(std::string_view digits) {
  if (digits.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && digits.ends_with('='); ++padding) digits.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    const int six = sixBits(c);
    if (six < 0) return std::nullopt;
    bits = (bits << 6U | static_cast<std::uint32_t>(six)) & 0xFFFFFFU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU));
  }
  return bytes;
}

bool isText(const std::string& bytes) {
  const auto control = [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F; };
  return std::none_of(bytes.begin(), bytes.end(), control) && utf8Repaired(bytes) == bytes;
}

}  // namespace

std::optional<std::string> textOfBase64(std::string_view body) {
  std::string digits(body);
  std::erase_if(digits, [](char c) { return c == '\r' || c == '\n'; });
  if (digits.size() < kShortest) return std::nullopt;
  auto bytes = bytesOf(digits);
  if (!bytes || !isText(*bytes)) return std::nullopt;
  return bytes;
}

}  // namespace patchbay::twilio
