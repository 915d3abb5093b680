#include "openhook_event.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace patchbay::openhook {
namespace {

constexpr std::size_t kMaxEvents = 500;
constexpr std::size_t kMaxMedia = 20;
constexpr std::size_t kMaxText = 4U << 20U;  // event.schema.json: the host would refuse the whole webhook
constexpr const char* kKind = "openhook";    // of an address that says nothing else

/// A rule that an event breaks.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

/// Without NUL, which the host would drop: what is not empty here must not become so there.
std::string text(const Json& object, const char* name, bool required = false, std::size_t most = kMaxText) {
  const Json& value = member(object, name);
  if (value.is_null() && !required) return {};
  if (!value.is_string()) throw Broken(std::string("'") + name + "' must be a text");
  auto written = value.get<std::string>();
  std::erase(written, '\0');
  if (required && written.empty()) throw Broken(std::string("'") + name + "' is empty");
  if (written.size() > most) throw Broken(std::string("'") + name + "' is over 4 MiB");
  return written;
}

bool flag(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_null() && !value.is_boolean()) throw Broken(std::string("'") + name + "' must be true or false");
  return value == true;
}

std::string oneOf(std::string word, const char* name, std::initializer_list<const char*> words) {
  std::string all;
  for (const char* known : words) {
    if (word == known) return word;
    all += (all.empty() ? "" : ", ") + std::string(known);
  }
  throw Broken(std::string("'") + name + "' must be one of " + all);
}

/// RFC 3339 with Z or an offset; fractions beyond milliseconds are dropped.
std::optional<Time> parseTime(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const bool digits =
      text.size() >= 20 && text.size() <= 40 && text.find_first_not_of("0123456789-:.TZtz+ ") == std::string::npos;
  if (!digits ||
      std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
                  &used) != 6 ||
      used != 19)
    return std::nullopt;
  std::size_t at = 19;
  int milliseconds = 0;
  if (text[at] == '.') {
    int scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      milliseconds += (text[at] - '0') * scale;
  }
  const std::string zone = text.substr(at);
  int offset = 0;
  if (zone != "Z" && zone != "z") {
    int hours = 0, minutes = 0, end = 0;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') ||
        std::sscanf(zone.c_str() + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 || end != 5 || hours > 23 ||
        minutes > 59)
      return std::nullopt;
    offset = (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date).time_since_epoch()) + std::chrono::hours(hour) +
         std::chrono::minutes(minute - offset) + std::chrono::seconds(second) + std::chrono::milliseconds(milliseconds);
}

Time timeOf(const Json& event, const Call& call) {
  const std::string written = text(event, "timestamp");
  if (written.empty()) return call.now();
  const auto time = parseTime(written);
  if (!time) throw Broken("'timestamp' must be a time as in RFC 3339");
  return *time;
}

Address addressOf(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (value.is_string()) return {kKind, text(object, name, true)};
  if (!value.is_object()) throw Broken(std::string("'") + name + "' must be {kind, address} or a text");
  Address address{text(value, "kind"), text(value, "address", true)};
  if (address.kind.empty()) address.kind = kKind;
  const bool word = address.kind.size() <= 40 && address.kind[0] >= 'a' && address.kind[0] <= 'z' &&
                    address.kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!word) throw Broken("'kind' of an address must be lower-case letters, digits and _, a letter first; at most 40");
  return address;
}

Person personOf(const Json& event) {
  const Address address = addressOf(event, "from");
  Person person{address.kind, address.address};
  const Json& from = member(event, "from");
  if (!from.is_object()) return person;
  person.name = text(from, "name");
  const Json& aliases = member(from, "aliases");
  if (aliases.is_null()) return person;
  if (!aliases.is_array() || aliases.size() > 10) throw Broken("'aliases' must be a list of at most 10 addresses");
  for (const Json& alias : aliases) person.aliases.push_back(addressOf(Json{{"alias", alias}}, "alias"));
  return person;
}

int sixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::string fromBase64(const std::string& written) {
  std::string bytes;
  unsigned bits = 0, have = 0;
  const auto end = std::min(written.find('='), written.size());
  const bool padded = written.find_first_not_of('=', end) == std::string::npos && written.size() - end <= 2;
  if (written.size() % 4 != 0 || !padded) throw Broken("'base64' of a file is not base64");
  for (std::size_t i = 0; i < end; ++i) {
    const int six = sixBits(written[i]);
    if (six < 0) throw Broken("'base64' of a file is not base64");
    bits = (bits << 6U) | static_cast<unsigned>(six);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes += static_cast<char>((bits >> have) & 0xFFU);
  }
  return bytes;
}

/// The host takes so many files from one webhook: an event that brings more is its own failure, and nobody else's.
std::uint64_t blobOf(std::string_view bytes, const Call& call) {
  try {
    return call.blob(bytes).id;
  } catch (const std::runtime_error&) {
    throw Broken("the files of this webhook are too many or too large: send this event in one of its own");
  }
}

std::vector<Media> mediaOf(const Json& event, const Call& call) {
  std::vector<Media> items;
  const Json& list = member(event, "media");
  if (list.is_null()) return items;
  if (!list.is_array() || list.size() > kMaxMedia) throw Broken("'media' must be a list of at most 20 files");
  for (const Json& source : list) {
    if (!source.is_object()) throw Broken("a file must be an object");
    Media item;
    item.url = text(source, "url");
    item.mime_type = text(source, "mime_type");
    item.filename = text(source, "filename");
    item.caption = text(source, "caption");
    item.voice = flag(source, "voice");
    const std::string base64 = text(source, "base64", false, std::string::npos);
    if (item.url.empty() == base64.empty()) throw Broken("a file has either 'url' or 'base64'");
    if (!item.url.empty() && !item.url.starts_with("https://"))
      throw Broken("'url' of a file must begin with https://");
    if (!base64.empty()) item.blob = blobOf(fromBase64(base64), call);
    items.push_back(std::move(item));
  }
  return items;
}

std::optional<Location> locationOf(const Json& event) {
  const Json& place = member(event, "location");
  if (place.is_null()) return std::nullopt;
  if (!place.is_object()) throw Broken("'location' must be an object");
  const Json& latitude = member(place, "latitude");
  const Json& longitude = member(place, "longitude");
  if (!latitude.is_number() || !longitude.is_number())
    throw Broken("'location' needs the numbers latitude and longitude");
  const Location location{latitude.get<double>(), longitude.get<double>(), text(place, "name"), text(place, "address")};
  if (!(location.latitude >= -90 && location.latitude <= 90 && location.longitude >= -180 && location.longitude <= 180))
    throw Broken("'location' is not on earth");
  return location;
}

Event messageOf(const Json& source, std::string id, const Call& call) {
  Event event = Event::message(std::move(id), personOf(source), "text", timeOf(source, call));
  event.text = text(source, "text");
  event.media = mediaOf(source, call);
  event.location = locationOf(source);
  event.reply_to = text(source, "reply_to");
  event.forwarded = flag(source, "forwarded");
  event.echo = flag(source, "echo");
  event.thread_key = text(source, "thread");
  if (const std::string subject = text(source, "subject"); !subject.empty())
    event.more["subject"] = utf8Prefix(subject, 900);
  if (const Json& chosen = member(source, "selection"); !chosen.is_null()) {
    if (!chosen.is_object()) throw Broken("'selection' must be {id, title}");
    event.selection = Selection{text(chosen, "id", true), text(chosen, "title")};
  }
  const std::string type = text(source, "type");
  if (!type.empty())
    event.type =
        oneOf(type, "type", {"text", "image", "audio", "video", "document", "sticker", "location", "selection"});
  else if (!event.media.empty())
    event.type = "document";
  else if (event.location)
    event.type = "location";
  else if (event.selection)
    event.type = "selection";
  if (event.type == "text" && event.text.empty()) throw Broken("'text' is empty");
  const bool file = event.type != "text" && event.type != "location" && event.type != "selection";
  if (file && event.media.empty()) throw Broken("type '" + event.type + "' needs 'media'");
  if (event.type == "location" && !event.location) throw Broken("type 'location' needs 'location'");
  if (event.type == "selection" && !event.selection) throw Broken("type 'selection' needs 'selection'");
  return event;
}

Event statusOf(const Json& source, std::string id, const Call& call) {
  Event event = Event::statusOf(text(source, "message_id"),
                                oneOf(text(source, "status", true), "status", {"sent", "delivered", "read", "failed"}),
                                timeOf(source, call));
  event.id = std::move(id);
  if (event.message_id.empty()) throw Broken("'message_id' is missing");
  if (event.status != "failed") return event;
  const Json& error = member(source, "error");
  EventError failure{"unknown", "", "the system gives no reason"};
  if (error.is_object()) {
    failure.code = text(error, "code");
    if (const std::string words = text(error, "text"); !words.empty()) failure.text = words;
    failure.error_class = text(error, "class");
    if (failure.error_class.empty()) failure.error_class = "request";
    oneOf(failure.error_class, "class",
          {"transient", "rate_limited", "auth", "account", "window", "recipient", "request", "unknown", "bounced",
           "unsupported"});
  }
  event.error = failure;
  return event;
}

Event read(const Json& source, const std::string& fallback, const Call& call) {
  if (!source.is_object()) throw Broken("an event must be an object");
  std::string id = text(source, "id");
  if (id.empty()) id = fallback;
  if (id.empty()) throw Broken("'id' is missing");
  const std::string kind = member(source, "kind").is_null() ? "message" : text(source, "kind");
  if (kind == "message") return messageOf(source, std::move(id), call);
  if (kind == "status") return statusOf(source, std::move(id), call);
  const Time at = timeOf(source, call);
  Event event;
  if (kind == "reaction") {
    const std::string emoji = text(source, "emoji");
    event = Event::reaction(text(source, "message_id", true), personOf(source),
                            emoji.empty() ? std::nullopt : std::optional(emoji), at);
  } else if (kind == "edit") {
    event = Event::edited(text(source, "message_id", true), text(source, "text", true), at);
  } else if (kind == "delete") {
    event = Event::deleted(text(source, "message_id", true), at);
  } else if (kind == "opt_out") {
    event = Event::optOut(addressOf(source, "contact"), at);
  } else if (kind == "opt_in") {
    event = Event::optIn(addressOf(source, "contact"), at);
  } else {
    throw Broken("'kind' must be one of message, status, reaction, edit, delete, opt_out, opt_in");
  }
  event.id = std::move(id);
  return event;
}

/// Half an emoji in a name must not cost the others. Where there can be none, megabytes that are no JSON are not looked
/// through for it: that takes seconds.
Json documentOf(std::string_view body) {
  const bool plain = body.find("\\u") == std::string_view::npos && std::none_of(body.begin(), body.end(), [](char c) {
                       return static_cast<unsigned char>(c) >= 0x80;
                     });
  return plain ? parseJson(body) : parseJsonLoosely(body);
}

}  // namespace

std::vector<Event> readEvents(std::string_view body, const std::string& id, const Call& call) {
  const Json document = documentOf(body);
  const bool wrapped = document.is_object() && document.contains("events");
  const Json& list = wrapped ? document.at("events") : document;
  if (!list.is_array() && (wrapped || !document.is_object()))
    throw TurnError(PB_INVALID_INPUT, "no_events",
                    "the body must be an event, a list of events, or {\"events\": [...]}", wrapped ? "/events" : "");
  if (list.is_array() && list.size() > kMaxEvents)
    throw TurnError(PB_INVALID_INPUT, "too_many_events", "over 500 events in one webhook", wrapped ? "/events" : "");
  std::vector<Event> events;
  const auto add = [&](const Json& source, const std::string& fallback) {
    try {
      events.push_back(read(source, fallback, call));
    } catch (const Broken& rule) {
      events.push_back(Event::unparsed(dumpJson(source), rule.what(), call.now()));
    }
  };
  if (!list.is_array()) {
    add(list, id);
    return events;
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    add(list[i], list.size() == 1 ? id : id.empty() ? id : id + "." + std::to_string(i + 1));
  return events;
}

}  // namespace patchbay::openhook
