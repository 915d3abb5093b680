#include "connectors/signature/basic.hpp"

#include "base/text.hpp"
#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {

BasicGuard::BasicGuard(const SignatureScheme& scheme, Keys keys) : scheme_(scheme), keys_(std::move(keys)) {}

std::string BasicGuard::why(const Webhook& webhook, Timestamp) const {
  bool twice = false;
  const auto given = single(*webhook.headers, "Authorization", twice);
  if (!given || given->size() < 6 || !equalsIgnoreCase(given->substr(0, 6), "Basic "))
    return "no HTTP Basic authorization";
  const auto decoded = crypto::base64Decode(trim(given->substr(6)));
  if (!decoded) return "the HTTP Basic authorization is not base64";
  bool equal = false;
  for (const auto& user : keys_.values(scheme_.user))
    for (const auto& password : keys_.values(scheme_.password))
      equal = crypto::constantTimeEqual(user + ":" + password, *decoded) | equal;
  return equal ? std::string{} : "user or password is wrong";
}

void BasicGuard::sign(UnsignedWebhook& webhook, Timestamp) const {
  const auto pair = keys_.newest(scheme_.user) + ":" + keys_.newest(scheme_.password);
  webhook.headers.push_back({"Authorization", "Basic " + crypto::base64Encode(pair)});
}

http::Headers BasicGuard::challenge() const {
  return {{"WWW-Authenticate", "Basic realm=\"webhook\""}};
}

}  // namespace patchbay::connectors
