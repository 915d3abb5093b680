#include "meta/graph.hpp"

#include <utility>

namespace patchbay::meta {

std::string withoutSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

std::string urlOf(const Api& api, std::string_view path) {
  return api.base_url + "/" + api.api_version + "/" + std::string(path);
}

HttpRequest authorised(const Api& api, HttpRequest request) {
  request.bearer("access_token");
  if (api.appsecret_proof)
    request.auth({{"scheme", "hmac"},
                  {"hash", "sha256"},
                  {"key", "app_secret"},
                  {"template", "{secret:access_token}"},
                  {"encoding", "hex"},
                  {"target", "query"},
                  {"name", "appsecret_proof"}});
  return request;
}

std::string percentEncoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (plain)
      out += c;
    else
      out.append({'%', kHex[byte >> 4U], kHex[byte & 0xFU]});
  }
  return out;
}

std::string textAt(const std::optional<Json>& body, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!body || !body->contains(at)) return {};
  const Json& value = body->at(at);
  return value.is_string() ? value.get<std::string>() : value.is_number_integer() ? value.dump() : std::string();
}

}  // namespace patchbay::meta
