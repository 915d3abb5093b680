#include "twilio_receive.hpp"

#include <algorithm>
#include <array>

#include "twilio_address.hpp"
#include "twilio_base64.hpp"
#include "twilio_errors.hpp"

namespace patchbay::twilio {
namespace {

constexpr unsigned kMaxMedia = 20;  // Twilio documents 10
constexpr unsigned kMostTold = 1'000'000;

bool isSid(std::string_view text, std::string_view first) {
  return text.size() == 34 && text.substr(0, 2) == first && std::all_of(text.begin() + 2, text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

/// The deprecated names carry the same value.
std::string messageSid(const Fields& fields) {
  for (const char* name : {"MessageSid", "SmsMessageSid", "SmsSid"})
    if (auto sid = fields.text(name); !sid.empty()) return sid;
  return {};
}

std::string typeOf(std::string_view mime) {
  for (const char* type : {"image", "audio", "video"})
    if (mime.starts_with(std::string(type) + "/")) return type;
  return "document";
}

std::vector<Media> mediaOf(const Reading& reading, const Fields& fields, const Call& call) {
  std::vector<Media> items;
  const unsigned told = fields.number("NumMedia", kMostTold);
  if (told > kMaxMedia)
    call.warn("too_many_files",
              "NumMedia is " + std::to_string(told) + "; the first " + std::to_string(kMaxMedia) + " files are taken");
  const unsigned count = std::min(told, kMaxMedia);
  for (unsigned i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    const std::string url = fields.text("MediaUrl" + n);
    if (url.empty()) continue;
    Media item;
    item.mime_type = fields.text("MediaContentType" + n);
    if (isOwnMedia(reading, url))
      item.provider_id = url;
    else if (url.starts_with("https://"))
      item.url = url;  // fetched as anybody would, without our credentials
    else {
      call.warn("odd_media_url", "MediaUrl" + n + " is not an https address; the file is left out");
      continue;
    }
    items.push_back(std::move(item));
  }
  return items;
}

Json referralOf(const Fields& fields) {
  Json referral = Json::object();
  const auto take = [&](const char* member, const char* field) {
    if (auto text = fields.text(field); !text.empty()) referral[member] = std::move(text);
  };
  take("source", "ReferralSourceType");
  take("id", "ReferralSourceId");
  take("url", "ReferralSourceUrl");
  take("title", "ReferralHeadline");
  take("text", "ReferralBody");
  take("click_id", "ReferralCtwaClid");
  take("media_url", "ReferralMediaUrl0");
  return referral;
}

Json jsonOrText(const std::string& text) {
  try {
    return parseJson(text);
  } catch (const JsonError&) {
    return text;
  }
}

/// What a form was answered with; both, by their names, where both are there. Null: neither.
Json answersOf(const Fields& fields) {
  const std::string interactive = fields.text("InteractiveData"), flow = fields.text("FlowData");
  if (!interactive.empty() && !flow.empty())
    return {{"InteractiveData", jsonOrText(interactive)}, {"FlowData", jsonOrText(flow)}};
  if (interactive.empty() && flow.empty()) return nullptr;
  return jsonOrText(flow.empty() ? interactive : flow);
}

/// Content of a WhatsApp message that is neither text nor files. @return false when there is none
bool richContent(const Fields& fields, Event& event) {
  const auto latitude = fields.decimal("Latitude"), longitude = fields.decimal("Longitude");
  if (latitude && longitude && *latitude >= -90 && *latitude <= 90 && *longitude >= -180 && *longitude <= 180) {
    event.type = "location";
    event.location = Location{*latitude, *longitude, fields.text("Label"), fields.text("Address")};
    return true;
  }
  Selection chosen{fields.text("ButtonPayload"), fields.text("ButtonText")};
  chosen.data = answersOf(fields);
  if (chosen.id.empty() && chosen.title.empty() && chosen.data.is_null()) return false;
  event.type = "selection";
  if (chosen.id.empty()) chosen.id = chosen.title;
  if (event.text.empty()) event.text = chosen.title;
  event.selection = std::move(chosen);
  return true;
}

enum class Wish { kNone, kStop, kStart };

std::string upperTrimmed(std::string text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

template <std::size_t n>
bool among(const std::array<std::string_view, n>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Twilio's default words; the whole message, in any case.
Wish wishOf(const Reading& reading, const Fields& fields, const Address& from, const std::string& body) {
  static constexpr std::array<std::string_view, 8> kStop = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL",
                                                            "END",  "QUIT",    "REVOKE",      "OPTOUT"};
  static constexpr std::array<std::string_view, 3> kStart = {"START", "YES", "UNSTOP"};
  const std::string type = upperTrimmed(fields.text("OptOutType"));
  if (!type.empty()) return type == "STOP" ? Wish::kStop : type == "START" ? Wish::kStart : Wish::kNone;
  const std::string word = upperTrimmed(body);
  if (from.kind == kWhatsApp) {
    // A customer there may well say "yes" or "end": only the words that mean nothing else.
    if (!reading.whatsapp_keywords) return Wish::kNone;
    return word == "STOP" || word == "STOPALL" || word == "UNSUBSCRIBE" ? Wish::kStop
           : word == "START" || word == "UNSTOP"                        ? Wish::kStart
                                                                        : Wish::kNone;
  }
  if (among(kStop, word)) return isTollFree(fields.text("To")) && word != "STOP" ? Wish::kNone : Wish::kStop;
  if (among(kStart, word)) return isTollFree(fields.text("To")) && word == "YES" ? Wish::kNone : Wish::kStart;
  return Wish::kNone;
}

Person personOf(const Fields& fields, const Address& from) {
  Person person{from.kind, from.address, fields.text("ProfileName")};
  if (from.kind != kWhatsApp) return person;
  std::string number = fields.text("WaId");
  if (!number.empty() && number[0] != '+') number.insert(0, "+");
  if (isE164(from.address)) number = from.address;
  if (isE164(number)) {
    person.aliases.push_back({kPhone, number});
    if (number != from.address) person.aliases.push_back({kWhatsApp, number});
  }
  if (const auto user = addressOf(fields.text("ExternalUserId")); user && user->kind == kWhatsApp) {
    person.aliases.push_back({"bsuid", user->address});
    if (user->address != from.address) person.aliases.push_back(*user);
  }
  return person;
}

/// WhatsApp has no carriers in between.
std::string bodyOf(const Fields& fields, const Address& from) {
  std::string body = fields.text("Body");
  if (from.kind == kWhatsApp) return body;
  return textOfBase64(body).value_or(std::move(body));
}

std::vector<Event> inbound(const Reading& reading, const Fields& fields, const std::string& sid, const Call& call) {
  const Time now = call.now();
  const auto from = addressOf(fields.text("From"));
  if (!from) return {Event::unparsed(fields.raw(), "the message has no From", now)};
  const std::string body = bodyOf(fields, *from);
  Event event = Event::message(sid, personOf(fields, *from), "text", now);
  event.text = body;
  event.raw_type = fields.text("MessageType");
  event.media = mediaOf(reading, fields, call);
  if (!event.media.empty()) {
    event.type = typeOf(event.media.front().mime_type);
  } else if (!richContent(fields, event) && body.empty()) {
    event.type = "unsupported";
    if (event.raw_type.empty()) event.raw_type = "empty";
  }
  event.reply_to = fields.text("OriginalRepliedMessageSid");
  event.forwarded = fields.text("Forwarded") == "true" || fields.text("FrequentlyForwarded") == "true";
  if (Json referral = referralOf(fields); !referral.empty()) event.more["referral"] = std::move(referral);
  std::vector<Event> events = {std::move(event)};
  const Wish wish = wishOf(reading, fields, *from, body);
  if (wish != Wish::kNone) {
    events.push_back(wish == Wish::kStop ? Event::optOut(*from, now) : Event::optIn(*from, now));
    events.back().id = sid + (wish == Wish::kStop ? ":opt_out" : ":opt_in");
  }
  return events;
}

std::vector<Event> status(const Fields& fields, const std::string& sid, const std::string& word, std::string_view query,
                          const Call& call) {
  Report report{sid, word, fields.text("ErrorCode"), fields.text("ErrorMessage"), fields.text("To")};
  if (report.text.empty()) report.text = fields.text("ChannelStatusMessage");
  report.ref = queryValue(query, "ref").substr(0, 100);
  return readReport(report, call);
}

/// Empty: it is a message. SmsStatus is the deprecated name; messages have it too, and say there that they came in.
std::string statusWord(const Fields& fields, std::string_view suffix) {
  const std::string word = fields.text("MessageStatus");
  if (!word.empty() || suffix != "status") return word;
  const std::string old = fields.text("SmsStatus");
  return old == "received" || old == "receiving" ? std::string() : old;
}

}  // namespace

std::vector<Event> readReport(const Report& report, const Call& call) {
  const std::string& word = report.status;
  // The states of the create call; and what is only said of inbound messages, or no longer.
  for (const char* ignored :
       {"accepted", "scheduled", "queued", "sending", "partially_delivered", "receiving", "received"})
    if (word == ignored) return {};
  const bool failed = word == "failed" || word == "undelivered" || word == "canceled";
  if (!failed && word != "sent" && word != "delivered" && word != "read") {
    call.warn("unknown_status", "Twilio reports a status that is not known here: " + word.substr(0, 100));
    return {};
  }
  Event event = Event::statusOf(report.sid, failed ? "failed" : word, call.now());
  event.id = report.sid + ":" + word + (report.code.empty() ? "" : ":" + report.code.substr(0, 20));
  event.ref = report.ref;
  if (!failed) return {std::move(event)};
  const Failure failure = classify(
      codeOf(report.code), report.text.empty() && word == "canceled" ? "the message was canceled" : report.text);
  event.error =
      EventError{toString(failure.error_class), failure.code.empty() ? report.code : failure.code, failure.text};
  std::vector<Event> events = {std::move(event)};
  const auto to = addressOf(report.recipient);
  if (codeOf(report.code) == kOptedOut && to) {
    events.push_back(Event::optOut(*to, call.now()));
    events.back().id = report.sid + ":opt_out";
  }
  return events;
}

bool isMessageSid(std::string_view text) {
  return isSid(text, "SM") || isSid(text, "MM");
}

bool isOwnMedia(const Reading& reading, std::string_view url) {
  const std::string root = reading.base_url + "/2010-04-01/Accounts/" + reading.account_sid + "/Messages/";
  if (!url.starts_with(root)) return false;
  const auto rest = url.substr(root.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || !rest.substr(slash).starts_with("/Media/")) return false;
  const auto message = rest.substr(0, slash);
  return isMessageSid(message) && isSid(rest.substr(slash + 7), "ME");
}

std::vector<Event> readWebhook(const Reading& reading, const Fields& fields, const Request& request, const Call& call) {
  const std::string sid = messageSid(fields);
  if (sid.empty())
    throw TurnError(PB_INVALID_INPUT, "no_message_sid",
                    "neither a message nor a status: there is no MessageSid. Is this the webhook of something else?");
  const std::string word = statusWord(fields, request.suffix());
  auto events = word.empty() ? inbound(reading, fields, sid, call) : status(fields, sid, word, request.query(), call);
  for (Event& event : events) event.account = fields.text("AccountSid");
  return events;
}

}  // namespace patchbay::twilio
