#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "mail/take_apart.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kSize = 16;
constexpr std::size_t kMaxLocalPart = 64;
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";  // Base32, since local parts get re-cased

}  // namespace

std::string tokenIn(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return {};
  const auto local = address.substr(0, at);
  const auto plus = local.rfind('+');
  if (plus == std::string_view::npos || local.size() - plus - 1 != kSize) return {};
  auto token = lowerAscii(local.substr(plus + 1));
  const bool good =
      std::all_of(token.begin(), token.end(), [](char c) { return kLetters.find(c) != std::string_view::npos; });
  return good ? token : std::string();
}

std::string withToken(std::string_view address, std::string_view token) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 + token.size() > kMaxLocalPart) return {};
  return std::string(address.substr(0, at)) + "+" + std::string(token) + std::string(address.substr(at));
}

std::string newToken() {
  std::string token;
  for (const char byte : crypto::randomBytes(kSize)) token += kLetters[static_cast<unsigned char>(byte) & 31U];
  return token;
}

}  // namespace patchbay::mail
