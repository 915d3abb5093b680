#include "ses_notices.hpp"

#include <patchbay/lenient.hpp>

#include "ses_reader.hpp"

namespace patchbay::ses {
namespace {

/// One notice about one message of ours.
struct Notice {
  const Json& document;
  const Account& account;
  const Notified& notified;
  const Call& call;

  const Json& part(const char* name) const { return memberOf(document, name); }
  const Json& mail() const { return memberOf(document, "mail"); }

  /// When it happened, by the part that says so.
  Time timeIn(const char* name) const { return timeOf(textOf(part(name), "timestamp")).value_or(notified.time); }

  Event status(const char* status, Time at) const {
    auto event = Event::statusOf(textOf(mail(), "messageId"), status, at);
    event.id = notified.id;
    const auto refs = textsOf(memberOf(mail(), "tags"), kRefTag);
    if (!refs.empty() && refs[0].size() <= 100) event.ref = refs[0];
    return event;
  }
  Event failed(Time at, ErrorClass error_class, std::string code, std::string text) const {
    auto event = status("failed", at);
    event.error = EventError{toString(error_class), std::move(code), std::move(text)};
    return event;
  }
};

using Events = std::vector<Event>;

/// SES has given up in every case: "Transient" means that a later, new message may get through.
ErrorClass classOfBounce(const std::string& type, const std::string& subtype) {
  if (type == "Permanent") return ErrorClass::kBounced;
  const bool content = subtype == "MessageTooLarge" || subtype == "ContentRejected" || subtype == "AttachmentRejected";
  return content ? ErrorClass::kRequest : ErrorClass::kRecipient;
}

/// The first of a list of recipients; we send to one at a time.
const Json& firstOf(const Json::array_t& list) {
  static const Json kNobody = Json::object();
  for (const Json& recipient : list)
    if (recipient.is_object()) return recipient;
  return kNobody;
}

/// "ana@example.org: 550 no such user"; empty without a recipient.
std::string wordsAbout(const Json& recipient) {
  if (recipient.empty()) return {};
  const auto words = textOf(recipient, "diagnosticCode");
  return textOf(recipient, "emailAddress") + ": " + (words.empty() ? textOf(recipient, "status") : words);
}

Events bounce(const Notice& notice) {
  const Json& bounce = notice.part("bounce");
  const auto type = textOf(bounce, "bounceType");
  const auto subtype = textOf(bounce, "bounceSubType");
  std::string text = wordsAbout(firstOf(itemsOf(bounce, "bouncedRecipients")));
  if (subtype == "OnAccountSuppressionList") text += " (not tried: the address is on the account's suppression list)";
  return {notice.failed(notice.timeIn("bounce"), classOfBounce(type, subtype), type + "/" + subtype, text)};
}

Events complaint(const Notice& notice) {
  const Json& complaint = notice.part("complaint");
  if (textOf(complaint, "complaintFeedbackType") == "not-spam") return {};  // somebody took it out of the spam folder
  Events events;
  for (const Json& recipient : itemsOf(complaint, "complainedRecipients")) {
    const auto address = addressIn(textOf(recipient, "emailAddress"));
    if (address.empty()) continue;
    auto event = Event::optOut({"email", address}, notice.timeIn("complaint"));
    event.id = notice.notified.id + (events.empty() ? "" : "/" + std::to_string(events.size()));
    events.push_back(std::move(event));
  }
  return events;
}

Events opened(const Notice& notice, const char* part) {
  if (!notice.account.opens_as_read) return {};
  return {notice.status("read", notice.timeIn(part))};
}

/// SES goes on trying. Said with what is known already, so that nothing moves.
Events delayed(const Notice& notice) {
  const Json& delay = notice.part("deliveryDelay");
  const Json& recipient = firstOf(itemsOf(delay, "delayedRecipients"));
  auto event = notice.status("sent", notice.timeIn("deliveryDelay"));
  event.error = EventError{toString(ErrorClass::kTransient), textOf(recipient, "status"), wordsAbout(recipient)};
  if (event.error->text.empty()) event.error->text = textOf(delay, "delayType");
  return {event};
}

Events rejected(const Notice& notice) {
  const auto reason = textOf(notice.part("reject"), "reason");
  return {notice.failed(notice.timeIn("reject"), ErrorClass::kRequest, "Reject", reason)};
}

Events notRendered(const Notice& notice) {
  const Json& failure = notice.part("failure");
  return {notice.failed(notice.notified.time, ErrorClass::kRequest, "Rendering Failure",
                        textOf(failure, "templateName") + ": " + textOf(failure, "errorMessage"))};
}

struct Kind {
  const char* name;
  Events (*read)(const Notice& notice);
};

constexpr Kind kKinds[] = {
    {"Send", [](const Notice& n) { return Events{n.status("sent", n.notified.time)}; }},
    {"Delivery", [](const Notice& n) { return Events{n.status("delivered", n.timeIn("delivery"))}; }},
    {"Bounce", &bounce},
    {"Complaint", &complaint},
    {"Reject", &rejected},
    {"Rendering Failure", &notRendered},
    {"DeliveryDelay", &delayed},
    {"Open", [](const Notice& n) { return opened(n, "open"); }},
    {"Click", [](const Notice& n) { return opened(n, "click"); }},
    {"Subscription", [](const Notice&) { return Events{}; }},
};

}  // namespace

std::vector<Event> readStatus(const Account& account, const Json& notice, const Notified& notified, const Call& call) {
  auto name = textOf(notice, "eventType");
  if (name.empty()) name = textOf(notice, "notificationType");
  const Notice read{notice, account, notified, call};
  const auto unparsed = [&](const std::string& why) {
    return Events{Event::unparsed(dumpJson(notice), why, notified.time)};
  };
  if (name.empty()) {
    call.diag(PB_INFO, "foreign_notice", "a notification that is not of SES", "/Message");
    return {};
  }
  for (const Kind& kind : kKinds) {
    if (name != kind.name) continue;
    auto events = kind.read(read);
    for (const Event& event : events)
      if (event.kind == "status" && event.message_id.empty()) return unparsed("/mail/messageId: is missing");
    return events;
  }
  call.warn("unknown_notice", "SES tells of '" + std::string(utf8Prefix(name, 100)) + "', which is not known here",
            "/Message/eventType");
  return {};
}

}  // namespace patchbay::ses
