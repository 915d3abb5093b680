/// What the Meta platforms (WhatsApp, Messenger, Instagram) have in common on the wire.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json.hpp>

#include "simulators/common/http_server.hpp"

namespace patchbay::simulators::meta {

/// JSON as Meta serialises it before signing: pure ASCII, every other UTF-16 unit as \uxxxx in lower-case hex (emoji as
/// surrogate pairs), and '/' as "\/". Receivers that parse and serialise again before they check a signature fail on
/// it.
std::string asciiJson(const Json& value);

/// Value of X-Hub-Signature-256 for these exact bytes: "sha256=" and 64 lower-case hex digits.
std::string signature(std::string_view app_secret, std::string_view body);

/// The `appsecret_proof` query parameter that belongs to an access token.
std::string appsecretProof(std::string_view app_secret, std::string_view access_token);

HttpReply graphJson(int status, const Json& body);

/// "/v23.0/1061/messages" without the version: {"1061", "messages"}; empty when the path has none.
std::vector<std::string> graphRoute(const std::string& path);

/// The body of a send. @return empty, or why it cannot be read
std::string readBody(const HttpRequest& request, Json& body);

/// What the user sees as length: UTF-16 units of valid UTF-8.
std::size_t utf16Length(std::string_view text);

}  // namespace patchbay::simulators::meta
