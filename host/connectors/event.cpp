#include "connectors/event.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::array<std::pair<std::string_view, EventKind>, 13> kKinds = {{{"message", EventKind::kMessage},
                                                                            {"status", EventKind::kStatus},
                                                                            {"watermark", EventKind::kWatermark},
                                                                            {"reaction", EventKind::kReaction},
                                                                            {"edit", EventKind::kEdit},
                                                                            {"delete", EventKind::kDelete},
                                                                            {"typing", EventKind::kTyping},
                                                                            {"opt_out", EventKind::kOptOut},
                                                                            {"opt_in", EventKind::kOptIn},
                                                                            {"contact", EventKind::kContact},
                                                                            {"thread", EventKind::kThread},
                                                                            {"account", EventKind::kAccount},
                                                                            {"unparsed", EventKind::kUnparsed}}};
constexpr std::array<std::string_view, 11> kTypes = {"text",      "image",   "audio",      "video",
                                                     "document",  "sticker", "location",   "contacts",
                                                     "selection", "order",   "unsupported"};
constexpr std::array<std::string_view, 4> kStatuses = {"sent", "delivered", "read", "failed"};
constexpr std::array<std::string_view, 10> kErrorClasses = {"transient", "rate_limited", "auth",    "account",
                                                            "window",    "recipient",    "request", "unknown",
                                                            "bounced",   "unsupported"};

constexpr std::array<std::string_view, 4> kChecks = {"pass", "fail", "none", "unknown"};

constexpr std::size_t kMaxId = 512;
constexpr std::size_t kMaxAddress = 320;
constexpr std::size_t kMaxName = 255;  // characters; longer ones are cut
constexpr std::size_t kMaxMedia = 100;
constexpr std::size_t kMaxAliases = 16;
constexpr std::size_t kMaxHeadersGiven = 100'000;
constexpr std::size_t kMaxHeaders = 1000;  // of which notice is taken
constexpr std::size_t kMaxHeaderBytes = 256U << 10U;
constexpr std::size_t kMaxHeaderName = 200;

/// Breaks off decoding; caught in decodeEvent().
struct Wrong {
  std::string pointer;
  std::string message;
};

/// Reads the members of one object. Strings are moved out of the document, which is not used afterwards.
class EventReader {
 public:
  EventReader(Json& object, std::string path) : path_(std::move(path)) {
    if (!object.is_object()) throw Wrong{path_, "must be an object"};
    object_ = object.get_ptr<Json::object_t*>();
  }

  /// @return null when the member is missing or null: providers mean the same by both.
  Json* find(const char* name) const {
    const auto found = object_->find(name);
    return found == object_->end() || found->second.is_null() ? nullptr : &found->second;
  }

  [[noreturn]] void wrong(const char* name, std::string message) const {
    throw Wrong{path_ + "/" + name, std::move(message)};
  }

  /// @param most  bytes
  std::string text(const char* name, std::size_t most) const {
    auto* member = find(name);
    if (member == nullptr) return {};
    auto* value = member->get_ptr<std::string*>();
    if (value == nullptr) wrong(name, "must be a string");
    if (value->size() > most)
      wrong(name, "has " + std::to_string(value->size()) + " bytes, over the limit of " + std::to_string(most));
    // The parser let only valid UTF-8 through; NUL is what is left to clean.
    if (std::memchr(value->data(), 0, value->size()) != nullptr) return cleanText(*value);
    return std::move(*value);
  }

  std::string needed(const char* name, std::size_t most) const {
    auto value = text(name, most);
    if (value.empty()) wrong(name, find(name) == nullptr ? "is missing" : "must not be empty");
    return value;
  }

  /// Text that a person chose: cut to kMaxName characters instead of refused.
  std::string name(const char* member) const {
    auto value = text(member, kMaxEventText);
    if (value.size() > kMaxName) value.resize(firstCodePoints(value, kMaxName).size());
    return value;
  }

  template <std::size_t N>
  std::string oneOf(const char* name, const std::array<std::string_view, N>& words) const {
    auto value = text(name, 100);
    if (!value.empty() && std::find(words.begin(), words.end(), value) == words.end())
      wrong(name, "is not a known word: '" + value + "'");
    return value;
  }

  bool flag(const char* name) const {
    const auto* member = find(name);
    if (member == nullptr) return false;
    if (!member->is_boolean()) wrong(name, "must be true or false");
    return member->get<bool>();
  }

  /// @return -1 when it is missing
  std::int64_t whole(const char* name, std::int64_t least) const {
    const auto* member = find(name);
    if (member == nullptr) return -1;
    const bool fits = member->is_number_unsigned()
                          ? member->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                          : member->is_number_integer();
    if (!fits || member->get<std::int64_t>() < least)
      wrong(name, "must be a whole number of at least " + std::to_string(least));
    return member->get<std::int64_t>();
  }

  Json::array_t* array(const char* name, std::size_t most) const {
    auto* member = find(name);
    if (member == nullptr) return nullptr;
    auto* list = member->get_ptr<Json::array_t*>();
    if (list == nullptr) wrong(name, "must be a list");
    if (list->size() > most)
      wrong(name, "has " + std::to_string(list->size()) + " items, over the limit of " + std::to_string(most));
    return list;
  }

  const std::string& path() const { return path_; }

 private:
  Json::object_t* object_;
  std::string path_;
};

/// Removes NUL from every text and key below `value`: it goes into a jsonb column. Depth was bounded by the parser.
void cleanTree(Json& value) {
  if (auto* text = value.get_ptr<std::string*>()) {
    if (std::memchr(text->data(), 0, text->size()) != nullptr) *text = cleanText(*text);
  } else if (auto* list = value.get_ptr<Json::array_t*>()) {
    for (auto& item : *list) cleanTree(item);
  } else if (auto* members = value.get_ptr<Json::object_t*>()) {
    for (auto& [key, member] : *members) {
      if (key.find('\0') != std::string::npos) throw Wrong{"", "a member's name holds NUL"};
      cleanTree(member);
    }
  }
}

Address readAddress(const EventReader& reader) {
  Address address{reader.needed("kind", 40), reader.needed("address", kMaxAddress)};
  const auto plain = [](char c) { return isLower(c) || isDigit(c) || c == '_'; };
  if (!std::all_of(address.kind.begin(), address.kind.end(), plain) || address.kind[0] < 'a')
    reader.wrong("kind", "must be lower-case letters, digits and _");
  return address;
}

Sender readPerson(Json& source, const std::string& path) {
  const EventReader reader(source, path);
  Sender sender{readAddress(reader), reader.name("name"), {}};
  if (auto* aliases = reader.array("aliases", kMaxAliases))
    for (std::size_t i = 0; i < aliases->size(); ++i)
      sender.aliases.push_back(readAddress(EventReader((*aliases)[i], path + "/aliases/" + std::to_string(i))));
  return sender;
}

MediaItem readMedia(Json& source, const std::string& path) {
  const EventReader reader(source, path);
  MediaItem item;
  item.url = reader.text("url", 8192);
  item.provider_id = reader.text("provider_id", kMaxId);
  item.blob = static_cast<std::uint64_t>(std::max<std::int64_t>(reader.whole("blob", 1), 0));
  if (int{!item.url.empty()} + int{!item.provider_id.empty()} + int{item.blob != 0} != 1)
    throw Wrong{path, "must have exactly one of url, provider_id and blob"};
  item.mime_type = reader.text("mime_type", 200);
  item.filename = reader.name("filename");
  item.size = reader.whole("size", 0);
  item.sha256 = reader.text("sha256", 64);
  if (!item.sha256.empty() &&
      (item.sha256.size() != 64 || !std::all_of(item.sha256.begin(), item.sha256.end(), isLowerHex)))
    reader.wrong("sha256", "must be 64 lower-case hex digits");
  item.caption = reader.text("caption", kMaxEventText);
  item.voice = reader.flag("voice");
  item.content_id = reader.text("content_id", 500);
  return item;
}

void readExtra(const EventReader& reader, Event& event) {
  for (const char* name : {"location", "contacts", "selection", "order", "referral", "thread", "forwarded"}) {
    auto* member = reader.find(name);
    if (member == nullptr) continue;
    const std::string_view which = name;
    if (which == "contacts" ? !member->is_array() : which == "forwarded" ? !member->is_boolean() : !member->is_object())
      reader.wrong(name, which == "contacts"    ? "must be a list"
                         : which == "forwarded" ? "must be true or false"
                                                : "must be an object");
    cleanTree(*member);
    if (which == "location") {
      for (const char* degrees : {"latitude", "longitude"}) {
        const double most = degrees[1] == 'a' ? 90 : 180;
        const auto found = member->find(degrees);
        if (found == member->end() || !found->is_number() || found->get<double>() < -most ||
            found->get<double>() > most)
          reader.wrong("location", std::string{"needs "} + degrees + " between -" + std::to_string(int(most)) +
                                       " and " + std::to_string(int(most)));
      }
    } else if (which == "thread") {
      const EventReader thread(*member, reader.path() + "/thread");
      event.thread_key = thread.text("key", kMaxId);
      event.thread_was = thread.text("was", kMaxId);
      if (!event.thread_key.empty()) (*member)["key"] = event.thread_key;  // text() moved it out
      if (!event.thread_was.empty()) (*member)["was"] = event.thread_was;
    }
    event.extra[name] = std::move(*member);
  }
}

/// Lines beyond the limits are left out and not refused: the sender of the mail chose them.
std::vector<std::pair<std::string, std::string>> readHeaders(const EventReader& reader) {
  std::vector<std::pair<std::string, std::string>> headers;
  const auto* lines = reader.array("headers", kMaxHeadersGiven);
  if (lines == nullptr) return headers;
  std::size_t bytes = 0;
  for (const auto& line : *lines) {
    if (!line.is_array() || line.size() != 2 || !line[0].is_string() || !line[1].is_string())
      reader.wrong("headers", "must be a list of [name, value]");
    const auto& name = line[0].get_ref<const std::string&>();
    const auto& value = line[1].get_ref<const std::string&>();
    bytes += name.size() + value.size();
    if (headers.size() >= kMaxHeaders || bytes > kMaxHeaderBytes) break;
    if (!name.empty() && name.size() <= kMaxHeaderName) headers.emplace_back(cleanText(name), cleanText(value));
  }
  return headers;
}

Envelope readEnvelope(Json& source) {
  const EventReader reader(source, "/envelope");
  Envelope envelope{reader.text("from", kMaxAddress), {}};
  if (const auto* to = reader.array("to", 1000)) {
    for (const auto& address : *to) {
      if (!address.is_string() || address.get_ref<const std::string&>().size() > kMaxAddress)
        reader.wrong("to", "must be a list of addresses of at most " + std::to_string(kMaxAddress) + " bytes");
      envelope.to.push_back(cleanText(address.get_ref<const std::string&>()));
    }
  }
  return envelope;
}

SenderChecks readSenderChecks(Json& source) {
  const EventReader reader(source, "/sender_checks");
  SenderChecks checks;
  checks.spf = reader.oneOf("spf", kChecks);
  checks.dkim = reader.oneOf("dkim", kChecks);
  checks.dmarc = reader.oneOf("dmarc", kChecks);
  checks.spam = reader.oneOf("spam", kChecks);
  if (auto* list = reader.array("signatures", 100))
    for (std::size_t i = 0; i < list->size(); ++i) {
      const EventReader one((*list)[i], reader.path() + "/signatures/" + std::to_string(i));
      checks.signatures.push_back({one.needed("domain", 253), one.oneOf("result", kChecks)});
      if (checks.signatures.back().result.empty()) one.wrong("result", "is missing");
    }
  return checks;
}

/// @return the beginning of time when it is missing and the message's own Date is asked for
Timestamp readTime(const EventReader& reader, EventKind kind, Timestamp now) {
  const auto text = reader.text("timestamp", 40);
  if (text.empty()) {
    if (kind == EventKind::kMessage && reader.find("mime") != nullptr) return Timestamp{};
    if (kind == EventKind::kMessage || kind == EventKind::kStatus || kind == EventKind::kWatermark)
      reader.wrong("timestamp", "is missing");
    return now;
  }
  const auto time = parseRfc3339(text);
  if (!time) reader.wrong("timestamp", "must be an RFC 3339 time");
  return *time;
}

void need(const EventReader& reader, const char* name, bool there) {
  if (!there) reader.wrong(name, "is missing");
}

Event read(Json& document, Timestamp now) {
  const EventReader reader(document, "");
  Event event;
  const auto kind = reader.needed("kind", 40);
  const auto known = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return k.first == kind; });
  if (known == kKinds.end()) reader.wrong("kind", "is not a known kind: '" + kind + "'");
  event.kind = known->second;
  event.timestamp = readTime(reader, event.kind, now);
  event.id = reader.text("id", kMaxId);
  event.account = reader.text("account", 200);
  event.ref = reader.text("ref", 100);
  event.type = reader.oneOf("type", kTypes);
  event.status = reader.oneOf("status", kStatuses);
  event.message_id = reader.text("message_id", kMaxId);
  event.text = reader.text("text", kMaxEventText);
  event.subject = reader.text("subject", kMaxEventText);
  event.html = reader.text("html", kMaxEventText);
  event.raw_type = reader.text("raw_type", 100);
  event.reply_to = reader.text("reply_to", kMaxId);
  event.echo = reader.flag("echo");
  event.emoji = reader.text("emoji", 256);
  event.raw = reader.text("raw", 65536 * 4);
  event.why = reader.text("why", 4000);
  event.mime = static_cast<std::uint64_t>(std::max<std::int64_t>(reader.whole("mime", 1), 0));
  event.headers = readHeaders(reader);
  if (auto* envelope = reader.find("envelope")) event.envelope = readEnvelope(*envelope);
  if (auto* checks = reader.find("sender_checks")) event.sender_checks = readSenderChecks(*checks);
  if (auto* from = reader.find("from")) event.from = readPerson(*from, "/from");
  if (auto* contact = reader.find("contact")) event.contact = readAddress(EventReader(*contact, "/contact"));
  if (auto* media = reader.array("media", kMaxMedia))
    for (std::size_t i = 0; i < media->size(); ++i)
      event.media.push_back(readMedia((*media)[i], "/media/" + std::to_string(i)));
  if (auto* error = reader.find("error")) {
    const EventReader inner(*error, "/error");
    event.error = EventError{inner.oneOf("class", kErrorClasses), inner.text("code", 400), inner.text("text", 8000)};
    need(inner, "class", !event.error->error_class.empty());
  }
  readExtra(reader, event);
  switch (event.kind) {
    case EventKind::kMessage:
      if (event.mime != 0) break;  // host/mail fills in what is missing
      need(reader, "id", !event.id.empty());
      need(reader, "from", !event.from.address.address.empty());
      need(reader, "type", !event.type.empty());
      break;
    case EventKind::kStatus:
      need(reader, "message_id", !event.message_id.empty());
      need(reader, "status", !event.status.empty());
      break;
    case EventKind::kWatermark:
      need(reader, "contact", !event.contact.address.empty());
      need(reader, "status", !event.status.empty());
      break;
    case EventKind::kReaction:
      need(reader, "message_id", !event.message_id.empty());
      need(reader, "emoji", document.contains("emoji"));  // null is a value here: it takes the reaction back
      need(reader, "from", !event.from.address.address.empty());
      break;
    case EventKind::kEdit:
    case EventKind::kDelete:
      need(reader, "message_id", !event.message_id.empty());
      break;
    case EventKind::kTyping:
      need(reader, "from", !event.from.address.address.empty());
      break;
    case EventKind::kOptOut:
    case EventKind::kOptIn:
      need(reader, "contact", !event.contact.address.empty());
      break;
    case EventKind::kContact:
      need(reader, "contact", !event.contact.address.empty());
      need(reader, "from", !event.from.address.address.empty());
      break;
    case EventKind::kThread:
      need(reader, "thread/key", !event.thread_key.empty());
      need(reader, "thread/was", !event.thread_was.empty());
      break;
    case EventKind::kAccount:
      break;
    case EventKind::kUnparsed:
      need(reader, "raw", !event.raw.empty());
      need(reader, "why", !event.why.empty());
      break;
  }
  return event;
}

}  // namespace

std::string_view kindName(EventKind kind) {
  for (const auto& [name, value] : kKinds)
    if (value == kind) return name;
  return "unknown";
}

Result<Event> decodeEvent(std::string_view json, Timestamp now) {
  try {
    Json document = parseJsonLoosely(json);
    return read(document, now);
  } catch (const JsonError& error) {
    return Error{ErrorKind::kInvalid, "bad_event", std::string{"event is not JSON: "} + error.what()};
  } catch (const Wrong& wrong) {
    return Error{ErrorKind::kInvalid,
                 "bad_event",
                 "event" + (wrong.pointer.empty() ? "" : " " + wrong.pointer) + " " + wrong.message,
                 {{wrong.pointer, wrong.message}}};
  }
}

}  // namespace patchbay::connectors
