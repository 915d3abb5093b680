#include "simulators/meta/wire.hpp"

#include "base/crypto.hpp"
#include "base/text.hpp"

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

HttpReply graphJson(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, asciiJson(body)};
}

std::vector<std::string> graphRoute(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(std::string_view(path).substr(1), '/')) parts.emplace_back(part);
  const bool versioned = parts.size() > 1 && parts[0].size() >= 4 && parts[0][0] == 'v' &&
                         parts[0].find('.') != std::string::npos &&
                         parts[0].find_first_not_of("0123456789.", 1) == std::string::npos;
  if (!versioned) return {};
  parts.erase(parts.begin());
  return parts;
}

std::string readBody(const HttpRequest& request, Json& body) try {
  if (!lowerAscii(request.header("Content-Type")).starts_with("application/json"))
    return "The Content-Type must be application/json";
  body = parseJson(request.body);
  return {};
} catch (const JsonError& problem) {
  return std::string("The body is not JSON: ") + problem.what();
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
