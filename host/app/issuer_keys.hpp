/// How the host gets the keys of the issuer of its tokens: over the client that also serves the connectors, so that the
/// API needs to know nothing of HTTP clients.
#pragma once

#include <chrono>
#include <string>

#include "api/jwks.hpp"
#include "delivery/http_client.hpp"

namespace patchbay::app {

/// Gets `url` with one GET in `timeout` at most; no redirects, at most api::kMaxJwksBytes. Plain http and addresses
/// that are not public are fine, since the admin wrote the URL: which of them may be written, the configuration
/// decides.
///
/// @param url   an absolute http or https URL. @throws std::invalid_argument  when it is none
/// @param http  must outlive the function and every call of it
api::Jwks::Fetch fetchKeysFrom(const std::string& url, delivery::HttpClient& http,
                               std::chrono::milliseconds timeout = std::chrono::seconds{5});

}  // namespace patchbay::app
