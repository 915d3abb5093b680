#include "connectors/signature/token.hpp"

#include "base/text.hpp"
#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {

using In = SignatureScheme::In;

TokenGuard::TokenGuard(const SignatureScheme& scheme, Keys keys) : scheme_(scheme), keys_(std::move(keys)) {}

bool TokenGuard::matches(std::string_view path, std::string_view suffix) const {
  if (scheme_.in != In::kPath) return path == suffix;
  const auto slash = suffix.rfind('/');
  return (slash == std::string_view::npos ? std::string_view{} : suffix.substr(0, slash)) == path;
}

std::string TokenGuard::why(const Webhook& webhook, Timestamp) const {
  std::optional<std::string> given;
  std::string place;
  if (scheme_.in == In::kHeader) {
    bool twice = false;
    const auto value = single(*webhook.headers, scheme_.parameter, twice);
    if (value) given = *value;
    place = "header " + scheme_.parameter;
  } else if (scheme_.in == In::kQuery) {
    given = parameter(webhook.query, scheme_.parameter);
    place = "query parameter " + scheme_.parameter;
  } else {
    std::string decoded;
    if (percentDecode(webhook.suffix.substr(webhook.suffix.rfind('/') + 1), false, decoded)) given = std::move(decoded);
    place = "last part of the path";
  }
  if (!given || given->empty()) return "no token in the " + place;
  return keys_.holds(scheme_.key, *given) ? std::string{} : "the token in the " + place + " is wrong";
}

void TokenGuard::sign(UnsignedWebhook& webhook, Timestamp) const {
  const auto token = keys_.newest(scheme_.key);
  if (scheme_.in == In::kHeader)
    webhook.headers.push_back({scheme_.parameter, token});
  else if (scheme_.in == In::kQuery)
    webhook.query += (webhook.query.empty() ? "" : "&") + percentEncode(scheme_.parameter) + "=" + percentEncode(token);
  else
    webhook.suffix += (webhook.suffix.empty() ? "" : "/") + percentEncode(token);
}

}  // namespace patchbay::connectors
