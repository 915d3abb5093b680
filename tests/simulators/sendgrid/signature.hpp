/// How SendGrid signs its webhooks: ECDSA with P-256 and SHA-256 over the timestamp and the body, DER, base64.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::simulators::sendgrid {

inline constexpr const char* kSignatureHeader = "X-Twilio-Email-Event-Webhook-Signature";
inline constexpr const char* kTimestampHeader = "X-Twilio-Email-Event-Webhook-Timestamp";

/// @param private_key  base64 of PKCS#8. @throws std::runtime_error  it is none of that curve.
std::string signature(const std::string& private_key, std::string_view timestamp, std::string_view body);

}  // namespace patchbay::simulators::sendgrid
