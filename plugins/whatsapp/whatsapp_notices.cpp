#include "whatsapp_notices.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <patchbay/lenient.hpp>
#include <patchbay/result.hpp>
#include <string>
#include <utility>

#include "whatsapp_person.hpp"

namespace patchbay::whatsapp {
namespace {

template <std::size_t n>
bool isOneOf(const std::array<std::string_view, n>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Event notice(ErrorClass error_class, std::string code, std::string words, Time now) {
  return Event::accountNotice({toString(error_class), std::move(code), std::move(words)}, now);
}

/// "stop" and "resume" of marketing messages; answers to what the customer asks are not concerned.
void readPreferences(const Json& value, Time now, std::vector<Event>& events) {
  for (const Json& preference : itemsOf(value, "user_preferences")) {
    const std::string wish = textOf(preference, "value");
    if (wish != "stop" && wish != "resume") continue;
    const auto person = personOf(textOf(preference, "wa_id"), textOf(preference, "user_id"), {});
    if (!person) continue;
    const Time at = fromUnix(memberOf(preference, "timestamp")).value_or(now);
    const Address contact{person->kind, person->address};
    Event event = wish == "stop" ? Event::optOut(contact, at) : Event::optIn(contact, at);
    event.text = textOf(preference, "category");
    events.push_back(std::move(event));
  }
}

/// The last word of the account's state that is good news, or no news, is left out.
void readAccount(const Json& value, Time now, std::vector<Event>& events) {
  constexpr std::array<std::string_view, 6> kBad = {"ACCOUNT_DELETED", "ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION",
                                                    "DISABLED_UPDATE", "PARTNER_REMOVED",     "PHONE_NUMBER_REMOVED"};
  const std::string word = textOf(value, "event");
  if (!isOneOf(kBad, word)) return;
  std::string words = "account " + word;
  for (const std::string& why : {textOf(memberOf(value, "ban_info"), "waba_ban_state"),
                                 textOf(memberOf(value, "violation_info"), "violation_type")})
    if (!why.empty()) words += ": " + why;
  for (const Json& restriction : itemsOf(value, "restriction_info"))
    if (const std::string why = textOf(restriction, "restriction_type"); !why.empty()) words += ": " + why;
  events.push_back(notice(ErrorClass::kAccount, word, std::move(words), now));
}

void readQuality(const Json& value, Time now, std::vector<Event>& events) {
  constexpr std::array<std::string_view, 2> kBad = {"FLAGGED", "DOWNGRADE"};
  const std::string word = textOf(value, "event");
  if (!isOneOf(kBad, word)) return;
  std::string words = "number " + textOf(value, "display_phone_number") + " " + word;
  if (const std::string limit = textOf(value, "current_limit"); !limit.empty()) words += ", now " + limit;
  events.push_back(notice(ErrorClass::kAccount, word, std::move(words), now));
}

void readTemplate(const Json& value, Time now, std::vector<Event>& events) {
  constexpr std::array<std::string_view, 4> kBad = {"DISABLED", "FLAGGED", "PAUSED", "REJECTED"};
  const std::string word = textOf(value, "event");
  if (!isOneOf(kBad, word)) return;
  std::string words = "template '" + textOf(value, "message_template_name") + "' (" +
                      textOf(value, "message_template_language") + ") " + word;
  if (const std::string why = textOf(value, "reason"); !why.empty() && why != "NONE") words += ": " + why;
  events.push_back(notice(ErrorClass::kRequest, word, std::move(words), now));
}

}  // namespace

std::vector<Event> readNotice(std::string_view field, const Json& value, Time now) {
  std::vector<Event> events;
  if (field == "user_preferences") readPreferences(value, now, events);
  if (field == "account_update") readAccount(value, now, events);
  if (field == "phone_number_quality_update") readQuality(value, now, events);
  if (field == "message_template_status_update") readTemplate(value, now, events);
  return events;
}

}  // namespace patchbay::whatsapp
