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

std::string textAt(const std::optional<Json>& body, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!body || !body->contains(at)) return {};
  const Json& value = body->at(at);
  return value.is_string() ? value.get<std::string>() : value.is_number_integer() ? value.dump() : std::string();
}

}  // namespace patchbay::meta
