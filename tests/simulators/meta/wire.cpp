#include "simulators/meta/wire.hpp"

#include "base/crypto.hpp"

namespace patchbay::simulators::meta {

std::string asciiJson(const Json& value) {
  const std::string plain = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string out;
  out.reserve(plain.size() + plain.size() / 8);
  for (const char c : plain) {  // '/' stands in strings only, and dump() never escapes it
    if (c == '/') out += '\\';
    out += c;
  }
  return out;
}

std::string signature(std::string_view app_secret, std::string_view body) {
  return "sha256=" + crypto::hexEncode(crypto::hmac(crypto::Hash::kSha256, app_secret, body));
}

std::string appsecretProof(std::string_view app_secret, std::string_view access_token) {
  return crypto::hexEncode(crypto::hmac(crypto::Hash::kSha256, app_secret, access_token));
}

std::size_t utf16Length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;  // lead bytes alone; beyond the BMP a surrogate pair
  }
  return units;
}

}  // namespace patchbay::simulators::meta
