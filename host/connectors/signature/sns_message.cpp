#include "connectors/signature/sns_message.hpp"

#include <algorithm>
#include <patchbay/json.hpp>

#include "base/ascii.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {
namespace {

using Type = SnsMessage::Type;

Error unreadable(std::string why) {
  return {ErrorKind::kInvalid, "bad_topic_message", std::move(why)};
}

/// "eu-west-1", "us-gov-east-1": two letters, words, a number.
bool isRegion(std::string_view text) {
  const auto parts = split(text, '-');
  if (parts.size() < 3 || parts.front().size() != 2) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i].empty() || !std::all_of(parts[i].begin(), parts[i].end(), last ? isDigit : isLower)) return false;
  }
  return true;
}

/// What follows the server in a URL of the topic's own service, or of a server that the admin allows; nothing when it
/// is another server. Compared as text: no parser's leniency can make two servers of one URL.
std::optional<std::string_view> afterServer(std::string_view url, std::string_view topic,
                                            const std::vector<std::string>& allow) {
  const auto region = regionOfTopic(topic);
  if (region.empty()) return std::nullopt;
  const auto service = "https://sns." + region + ".amazonaws.com" + (region.starts_with("cn-") ? ".cn" : "") + "/";
  if (url.starts_with(service)) return url.substr(service.size() - 1);
  for (const auto& server : allow)
    for (const char* scheme : {"http://", "https://"}) {
      const auto prefix = scheme + server + "/";
      if (url.size() >= prefix.size() && equalsIgnoreCase(url.substr(0, prefix.size()), prefix))
        return url.substr(prefix.size() - 1);
    }
  return std::nullopt;
}

std::string otherServer(std::string_view topic) {
  return "is not on the server of the topic's region (" + regionOfTopic(topic) + ")";
}

/// Reads members; the first that is missing or no text is remembered.
class SnsReader {
 public:
  explicit SnsReader(const Json& source) : source_(source) {}

  std::string text(const char* name) {
    const auto found = source_.find(name);
    if (found == source_.end() || !found->is_string()) {
      if (wrong_.empty()) wrong_ = std::string(name) + (found == source_.end() ? " is missing" : " is not a text");
      return {};
    }
    return found->get<std::string>();
  }
  bool has(const char* name) const {
    const auto found = source_.find(name);
    return found != source_.end() && !found->is_null();
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const Json& source_;
  std::string wrong_;
};

}  // namespace

Result<SnsMessage> parseSnsMessage(std::string_view body) {
  Json source;
  try {
    source = parseJson(body, {.max_bytes = kMaxSnsBody, .max_depth = 8});
  } catch (const JsonError& error) {
    return unreadable(std::string("the body is not JSON: ") + error.what());
  }
  if (!source.is_object()) return unreadable("the body is not a JSON object");
  SnsReader read(source);
  SnsMessage out;
  out.type_name = read.text("Type");
  out.id = read.text("MessageId");
  out.topic = read.text("TopicArn");
  out.timestamp = read.text("Timestamp");
  out.message = read.text("Message");
  out.certificate_url = read.text("SigningCertURL");
  const auto version = read.text("SignatureVersion");
  const auto signature = read.text("Signature");
  if (out.type_name == "SubscriptionConfirmation" || out.type_name == "UnsubscribeConfirmation") {
    out.type = out.type_name[0] == 'S' ? Type::kSubscription : Type::kUnsubscription;
    out.token = read.text("Token");
    out.subscribe_url = read.text("SubscribeURL");
  } else if (read.has("Subject")) {
    out.subject = read.text("Subject");
  }
  if (!read.wrong().empty()) return unreadable(read.wrong());
  if (out.type == Type::kNotification && out.type_name != "Notification")
    return unreadable("Type is none that is known");
  if (version != "1" && version != "2") return unreadable("SignatureVersion is neither 1 nor 2");
  out.version = version[0] - '0';
  const auto time = parseRfc3339(out.timestamp);
  if (!time) return unreadable("Timestamp is not a time");
  out.time = *time;
  auto raw = crypto::base64Decode(signature);
  if (!raw || raw->empty()) return unreadable("Signature is not base64");
  out.signature = std::move(*raw);
  return out;
}

std::string stringToSign(const SnsMessage& message) {
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    (text += name) += '\n', text += value, text += '\n';
  };
  add("Message", message.message);
  add("MessageId", message.id);
  if (message.type == Type::kNotification) {
    if (message.subject) add("Subject", *message.subject);
  } else {
    add("SubscribeURL", message.subscribe_url);
  }
  add("Timestamp", message.timestamp);
  if (message.type != Type::kNotification) add("Token", message.token);
  add("TopicArn", message.topic);
  add("Type", message.type_name);
  return text;
}

std::string regionOfTopic(std::string_view topic) {
  const auto parts = split(topic, ':');
  if (parts.size() != 6 || parts[0] != "arn" || !parts[1].starts_with("aws") || parts[2] != "sns") return {};
  return isRegion(parts[3]) ? std::string(parts[3]) : std::string();
}

std::string refuseCertificateUrl(std::string_view url, std::string_view topic, const std::vector<std::string>& allow) {
  constexpr std::string_view kStart = "/SimpleNotificationService-";
  constexpr std::string_view kEnd = ".pem";
  auto path = afterServer(url, topic, allow);
  if (!path) return "SigningCertURL " + otherServer(topic);
  const bool framed = path->size() > kStart.size() + kEnd.size() && path->starts_with(kStart) && path->ends_with(kEnd);
  const auto name = framed ? path->substr(kStart.size(), path->size() - kStart.size() - kEnd.size()) : *path;
  if (!framed || name.size() > 128 || !std::all_of(name.begin(), name.end(), isAlnum))
    return "SigningCertURL does not have the path of a signing certificate";
  return {};
}

std::string refuseSubscribeUrl(const SnsMessage& message, const std::vector<std::string>& allow) {
  const auto target = afterServer(message.subscribe_url, message.topic, allow);
  if (!target) return "SubscribeURL " + otherServer(message.topic);
  if (!target->starts_with("/?")) return "SubscribeURL does not call the service itself";
  const auto query = target->substr(2);
  if (parameter(query, "Action") != "ConfirmSubscription") return "SubscribeURL does not confirm a subscription";
  if (parameter(query, "TopicArn") != message.topic) return "SubscribeURL is about another topic";
  if (parameter(query, "Token") != message.token) return "SubscribeURL has another token";
  return {};
}

}  // namespace patchbay::connectors
