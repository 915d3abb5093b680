/// Messages of a topic service (the scheme `sns` of a manifest): reading them, and the rules that hold before any key is known.
/// Source: "Verifying the signatures of Amazon SNS messages". No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace patchbay::connectors {

struct SnsMessage {
  enum class Type { kNotification, kSubscription, kUnsubscription } type = Type::kNotification;
  std::string type_name;  ///< as it came: it is signed
  std::string id;
  std::string topic;
  std::string timestamp;  ///< as it came
  Timestamp time;         ///< the same, read
  std::optional<std::string> subject;
  std::string message;
  std::string token;          ///< of the two confirmations
  std::string subscribe_url;  ///< likewise
  int version = 0;            ///< 1: SHA-1, 2: SHA-256
  std::string signature;      ///< raw bytes
  std::string certificate_url;
};

/// The largest body that is read, in bytes. The service's own limit is 256 KiB of message.
inline constexpr std::size_t kMaxSnsBody = 512U << 10U;

/// @return kInvalid naming the member and the rule that it breaks
Result<SnsMessage> parseSnsMessage(std::string_view body);

/// The text that the signature covers.
std::string stringToSign(const SnsMessage& message);

/// The region in "arn:aws:sns:eu-west-1:111122223333:name"; empty when it is not the name of a topic.
std::string regionOfTopic(std::string_view topic);

/// Why the certificate must not be fetched from `url`; empty when it may. Nobody but the service itself can answer at
/// the host and path that are left: names of storage buckets, other paths, ports and queries are refused.
/// @param allow  "host:port" of the admin's egress_allow, for simulators: these may stand in the place of the service
std::string refuseCertificateUrl(std::string_view url, std::string_view topic, const std::vector<std::string>& allow);

/// Likewise for the URL that confirms a subscription. It must confirm this topic with this token, and do nothing else.
std::string refuseSubscribeUrl(const SnsMessage& message, const std::vector<std::string>& allow);

}  // namespace patchbay::connectors
