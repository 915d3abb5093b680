/// What every call of the Graph API has in common: where it goes and how it proves who we are.
#pragma once

#include <optional>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

namespace patchbay::meta {

/// Where the API is; from the channel's config.
struct Api {
  std::string base_url;     ///< without a slash at the end
  std::string api_version;  ///< "v23.0"
  bool appsecret_proof = false;
};

std::string withoutSlash(std::string url);

/// "https://graph.facebook.com/v23.0/<path>"
std::string urlOf(const Api& api, std::string_view path);

/// With the token in the header, where no log sees it, and with appsecret_proof where the app requires it.
HttpRequest authorised(const Api& api, HttpRequest request);

/// A text at that path of an answer, a number as text; empty when it is not there.
std::string textAt(const std::optional<Json>& body, const char* pointer);

}  // namespace patchbay::meta
