#include "ses_topic.hpp"

#include <patchbay/lenient.hpp>

#include "ses_mail.hpp"
#include "ses_notices.hpp"
#include "ses_reader.hpp"

namespace patchbay::ses {
namespace {

/// As the manifest's max_body. SNS itself stops at 256 KiB.
constexpr std::size_t kMaxBody = 512U << 10U;

/// Once the text of a notice is read; "Received" is mail, the rest tells what became of ours.
Received readNotice(const Account& account, const Json& notice, const std::string& text, const Notified& notified,
                    const Call& call) {
  if (textOf(notice, "notificationType") == "Received") return readMail(account, notice, text, notified, call);
  return {.events = readStatus(account, notice, notified, call)};
}

Event unsubscribed(const std::string& topic, const Notified& notified) {
  auto event = Event::accountNotice(
      {toString(ErrorClass::kAccount), "UnsubscribeConfirmation",
       "the topic " + topic + " no longer reaches this channel: somebody has removed the subscription"},
      notified.time);
  event.id = notified.id;
  return event;
}

}  // namespace

Received readTopicMessage(const Account& account, const Request& request, const Call& call) {
  // The host has verified exactly these bytes, so they are JSON in valid UTF-8. The content type says text/plain.
  const Json envelope = parseJson(request.body(), {.max_bytes = kMaxBody});
  const auto type = textOf(envelope, "Type");
  if (type.empty()) throw TurnError(PB_INVALID_INPUT, "no_topic_message", "not a message of an SNS topic", "/Type");
  const Notified notified{textOf(envelope, "MessageId"), timeOf(textOf(envelope, "Timestamp")).value_or(call.now())};
  if (type == "UnsubscribeConfirmation") return {.events = {unsubscribed(textOf(envelope, "TopicArn"), notified)}};
  if (type != "Notification") {
    call.warn("ignored", "a message of type " + type + " is not for the connector", "/Type");
    return {};
  }
  const auto text = textOf(envelope, "Message");
  Json notice;
  try {
    notice = parseJsonLoosely(text);
  } catch (const JsonError&) {
    // SES posts a plain sentence when an event destination is attached. Nothing to do, and nothing wrong.
    call.diag(PB_INFO, "plain_text", "a notification in plain text: " + std::string(utf8Prefix(text, 200)), "/Message");
    return {};
  }
  if (!notice.is_object()) {
    call.diag(PB_INFO, "plain_text", "a notification that is no JSON object", "/Message");
    return {};
  }
  return readNotice(account, notice, text, notified, call);
}

}  // namespace patchbay::ses
