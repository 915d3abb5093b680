#include "connectors/signature/sns.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "connectors/signature/request_parts.hpp"
#include "connectors/signature/sns_signer.hpp"

namespace patchbay::connectors {
namespace {

/// The service tries for an hour at most; the day more is for clocks and for queues of our own.
constexpr auto kMaxAge = std::chrono::hours{25};
constexpr auto kMaxAhead = std::chrono::hours{1};

/// A header that is there must say what the signed body says.
std::string whyNotEqual(const http::Headers& headers, const char* name, const std::string& signed_value) {
  bool twice = false;
  const auto value = single(headers, name, twice);
  if (twice) return std::string("two headers ") + name;
  return value && *value != signed_value ? std::string("header ") + name + " is not what the message says"
                                         : std::string();
}

Json envelopeOf(const std::string& body) {
  Json envelope;
  try {
    envelope = parseJson(body);
  } catch (const JsonError&) {  // then it is a text
  }
  if (!envelope.is_object() || !envelope.contains("Type")) envelope = {{"Type", "Notification"}, {"Message", body}};
  return envelope;
}

}  // namespace

SnsGuard::SnsGuard(const SignatureScheme& scheme, Keys keys, std::vector<std::string> egress_allow)
    : topics_(keys.values(scheme.topics)),
      min_version_(!scheme.min_version.empty() && keys.holds(scheme.min_version, "2") ? 2 : 1),
      egress_allow_(std::move(egress_allow)),
      certificates_(std::make_shared<SigningCertificates>()) {}

std::string SnsGuard::why(const Webhook& webhook, Timestamp now) const {
  auto proof = prove(webhook, now);
  return proof.certificate.empty() ? proof.why : "the signing certificate has not been fetched";
}

Proof SnsGuard::prove(const Webhook& webhook, Timestamp now) const {
  bool twice = false;
  if (single(*webhook.headers, "x-amz-sns-rawdelivery", twice) || twice)
    return {.why =
                "raw message delivery is on for this subscription, and raw messages carry no signature: switch it off"};
  const auto message = parseSnsMessage(webhook.body);
  if (!message.ok()) return {.why = message.error().message};
  if (auto why = whyNotMessage(*message, *webhook.headers, now); !why.empty()) return {.why = std::move(why)};
  const auto certificate = certificates_->find(message->certificate_url, now);
  if (!certificate) return {.certificate = message->certificate_url};
  const auto hash = message->version == 1 ? crypto::Hash::kSha1 : crypto::Hash::kSha256;
  if (!certificate->verifies(hash, stringToSign(*message), message->signature))
    return {.why = "the signature does not match the message"};
  if (message->type != SnsMessage::Type::kSubscription) return {};
  if (auto why = refuseSubscribeUrl(*message, egress_allow_); !why.empty()) return {.why = std::move(why)};
  return {.visit = message->subscribe_url};
}

std::string SnsGuard::whyNotMessage(const SnsMessage& message, const http::Headers& headers, Timestamp now) const {
  // First of all: with a topic of his own, anybody has the same service sign what he likes.
  if (std::find(topics_.begin(), topics_.end(), message.topic) == topics_.end())
    return "the topic " + message.topic.substr(0, 200) + " is not in the channel's list";
  for (const auto& [name, value] : {std::pair{"x-amz-sns-message-type", &message.type_name},
                                    {"x-amz-sns-message-id", &message.id},
                                    {"x-amz-sns-topic-arn", &message.topic}})
    if (auto why = whyNotEqual(headers, name, *value); !why.empty()) return why;
  if (message.version < min_version_)
    return "SignatureVersion 1 (SHA-1) is not accepted: set the topic's SignatureVersion to 2";
  if (message.time < now - kMaxAge) return "Timestamp is more than 25 hours old";
  if (message.time > now + kMaxAhead) return "Timestamp is more than an hour ahead of our clock";
  return refuseCertificateUrl(message.certificate_url, message.topic, egress_allow_);
}

void SnsGuard::sign(UnsignedWebhook& webhook, Timestamp now) const {
  const auto& signer = SnsSigner::ofThisProcess();
  auto envelope = envelopeOf(webhook.body);
  const auto fill = [&envelope](const char* name, const std::string& value) {
    if (!envelope.contains(name)) envelope[name] = value;
  };
  fill("MessageId", "00000000-0000-4000-8000-000000000001");
  fill("TopicArn", topics_.front());
  fill("Timestamp", formatRfc3339(now));
  fill("SignatureVersion", std::to_string(min_version_));
  const auto region = regionOfTopic(topics_.front());
  fill("SigningCertURL", "https://sns." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "") +
                             "/SimpleNotificationService-" + std::string(32, '0') + ".pem");
  fill("Signature", "AA==");
  // What is no message cannot be signed either, and goes out as it is.
  if (const auto message = parseSnsMessage(dumpJson(envelope)); message.ok()) {
    envelope["Signature"] = crypto::base64Encode(
        signer.sign(message->version == 1 ? crypto::Hash::kSha1 : crypto::Hash::kSha256, stringToSign(*message)));
    certificates_->keep(message->certificate_url, signer.certificate());
  }
  webhook.body = dumpJson(envelope);
}

}  // namespace patchbay::connectors
