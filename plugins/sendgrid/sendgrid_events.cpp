#include "sendgrid_events.hpp"

#include <patchbay/lenient.hpp>
#include <patchbay/result.hpp>
#include <utility>

namespace patchbay::sendgrid {
namespace {

constexpr std::size_t kMaxId = 512;   // event.schema.json
constexpr std::size_t kMaxRef = 100;  // likewise
/// Batches have some 768 KB; the manifest takes a few times that.
constexpr JsonLimits kBatch{.max_bytes = 4U << 20U, .max_depth = 16};

bool startsWithIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

/// Why a mail was not even tried. Compared by prefix: SendGrid adds to some of them. The addresses of the first three
/// stand on a list of SendGrid's, where trying again is useless.
ErrorClass classOfDropped(std::string_view reason) {
  constexpr std::pair<std::string_view, ErrorClass> kReasons[] = {
      {"unsubscribed address", ErrorClass::kRecipient},
      {"bounced address", ErrorClass::kRecipient},
      {"spam reporting address", ErrorClass::kRecipient},
      {"invalid smtpapi header", ErrorClass::kRequest},
      {"spam content", ErrorClass::kRequest},
      {"recipient list over package quota", ErrorClass::kAccount},
      {"invalid", ErrorClass::kRecipient},
  };
  for (const auto& [prefix, error_class] : kReasons)
    if (startsWithIgnoringCase(reason, prefix)) return error_class;
  return ErrorClass::kRequest;
}

/// One batch being read.
class Reader {
 public:
  Reader(const Account& account, const Call& call) : account_(account), call_(call) {}

  void read(const Json& element) {
    if (!element.is_object()) return unparsed(element, "it is not an object");
    const std::string word = textOf(element, "event");
    if (word.empty()) return unparsed(element, "it has no 'event'");
    if (word == "processed") return status(element, "sent");
    // Refused for now; SendGrid goes on trying for days. Said with what is known already, so that nothing moves.
    if (word == "deferred") return status(element, "sent", deferral(element));
    if (word == "delivered") return status(element, "delivered");
    if (word == "bounce" || word == "dropped") return status(element, "failed", errorOf(element));
    if (word == "open") {
      if (account_.open_tracking && !flagOf(element, "sg_machine_open")) status(element, "read");
      return;
    }
    if (word == "click") {
      if (account_.click_tracking) status(element, "read");
      return;
    }
    if (word == "spamreport" || word == "unsubscribe") return consent(element, "opt_out");
    if (word == "group_unsubscribe") return consent(element, "opt_out", groupOf(element));
    if (word == "group_resubscribe") return consent(element, "opt_in", groupOf(element));
    if (word == "account_status_change") return notice(element);
    call_.diag(PB_INFO, "unknown_event", "SendGrid's event '" + std::string(utf8Prefix(word, 60)) + "' is not mapped");
  }

  std::vector<Event> take() { return std::move(events_); }

 private:
  Time timeOf(const Json& element) const { return fromUnix(memberOf(element, "timestamp")).value_or(call_.now()); }

  void add(Event event, const Json& element) {
    event.id = textOf(element, "sg_event_id");
    // Which of the channels that share this account sent it; mail from elsewhere does not say.
    event.account = textOf(element, kSenderArgument);
    if (event.account.size() > 200) event.account.clear();
    events_.push_back(std::move(event));
  }

  void unparsed(const Json& element, std::string_view why) {
    events_.push_back(Event::unparsed(dumpJson(element), why, call_.now()));
  }

  static EventError deferral(const Json& element) {
    std::string why = textOf(element, "response");
    if (why.empty()) why = textOf(element, "reason");
    return {toString(ErrorClass::kTransient), textOf(element, "status"), std::move(why)};
  }

  void status(const Json& element, const char* word, std::optional<EventError> error = {}) {
    std::string ref = textOf(element, kRefArgument);
    if (ref.size() > kMaxRef) ref.clear();  // not one of ours
    // "X-Message-Id of the answer to the send" "." "where it went through"; the second half differs by recipient.
    std::string id = textOf(element, "sg_message_id");
    id.resize(std::min(id.find('.'), id.size()));
    if (id.empty()) id = ref;  // a bounce that came back by mail knows our arguments alone
    if (id.empty()) {
      call_.diag(PB_INFO, "foreign_event", "an event names neither a message of SendGrid's nor one of ours");
      return;
    }
    if (id.size() > kMaxId) return unparsed(element, "its sg_message_id is longer than 512 bytes");
    Event event = Event::statusOf(std::move(id), word, timeOf(element));
    event.ref = std::move(ref);
    event.error = std::move(error);
    add(std::move(event), element);
  }

  /// The kind of mail that is meant: to the host, all other mail may still be sent.
  static std::string groupOf(const Json& element) {
    const std::string group = textOf(element, "asm_group_id");
    return "unsubscribe group" + (group.empty() ? "" : " " + std::string(utf8Prefix(group, 40)));
  }

  /// @param category  that it is about; empty: all mail
  void consent(const Json& element, const char* kind, std::string category = {}) {
    const std::string address = textOf(element, "email");
    if (address.empty() || address.size() > 320) return unparsed(element, "it does not name an 'email'");
    Event event = Event::optOut({"email", address}, timeOf(element));
    event.kind = kind;
    event.text = std::move(category);
    add(std::move(event), element);
  }

  void notice(const Json& element) {
    std::string why = textOf(element, "reason");
    if (why.empty()) why = textOf(element, "type");
    add(Event::accountNotice({toString(ErrorClass::kAccount), "account_status_change",
                              "SendGrid changed the status of the account" + (why.empty() ? "" : ": " + why)},
                             timeOf(element)),
        element);
  }

  const Account& account_;
  const Call& call_;
  std::vector<Event> events_;
};

}  // namespace

EventError errorOf(const Json& element) {
  std::string why = textOf(element, "reason");
  if (textOf(element, "event") == "dropped") {
    if (why.empty()) why = "SendGrid dropped it";
    return {toString(classOfDropped(why)), "dropped", std::move(why)};
  }
  // The type tells whether the address is to blame (bounce) or this one mail (blocked, expired).
  const std::string type = textOf(element, "type");
  std::string code = textOf(element, "status");
  if (code.empty()) code = type;
  if (why.empty()) why = "the mail came back";
  if (!type.empty() && type != "bounce") why.insert(0, type + ": ");
  if (const std::string kind = textOf(element, "bounce_classification"); !kind.empty()) why += " (" + kind + ")";
  return {toString(ErrorClass::kBounced), std::move(code), std::move(why)};
}

std::vector<Event> readEvents(const Account& account, std::string_view body, const Call& call) {
  const Json batch = parseJsonLoosely(body, kBatch);
  if (!batch.is_array())
    throw TurnError(PB_INVALID_INPUT, "not_a_batch",
                    "the Event Webhook posts a JSON array; is another webhook's URL the one of events?");
  Reader reader(account, call);
  for (const Json& element : batch) reader.read(element);
  return reader.take();
}

}  // namespace patchbay::sendgrid
