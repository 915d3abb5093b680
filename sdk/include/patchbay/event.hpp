/// What a connector reports, as values: schema/event.schema.json in C++.
///
/// An empty string, an empty list and an empty optional mean "not there" and are left out of the document. A member
/// that has no field here (or that the schema gains later) goes into `more`. Names and labels that are longer than the
/// schema allows are cut: a contact who calls himself by a thousand emoji must not cost us his message. Ids are never
/// cut: an event with one over its limit is reported as "unparsed" (connector.hpp does it), and the others go on.
#pragma once

#include <cstdint>
#include <optional>
#include <patchbay/json.hpp>
#include <patchbay/time.hpp>
#include <patchbay/utf8.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

/// How a person can be reached: "phone" and "+15550100", "email" and "a@example.test", ...
struct Address {
  std::string kind;
  std::string address;
  friend bool operator==(const Address&, const Address&) = default;
};

struct Person {
  std::string kind;                   ///< of the address to answer to
  std::string address;                ///< the address to answer to
  std::string name = {};              ///< as the person calls themselves
  std::vector<Address> aliases = {};  ///< other addresses of the same person, seen together with this one
};

/// A file that came with a message: exactly one of url, provider_id and blob.
struct Media {
  std::string url = {};          ///< public https address
  std::string provider_id = {};  ///< fetched later, by an operation of kind "media"
  std::uint64_t blob = 0;        ///< bytes that the host has already: Call::blob()
  std::string mime_type = {};
  std::string filename = {};  ///< the sender's; the host makes it safe
  std::optional<std::uint64_t> size = {};
  std::string sha256 = {};   ///< lower-case hex
  std::string caption = {};  ///< where one message has several files; else Event::text
  bool voice = false;
  std::string content_id = {};  ///< of a parsed mail's blob that its HTML shows as cid:, without brackets
};

struct Location {
  double latitude = 0;   ///< degrees, north positive
  double longitude = 0;  ///< degrees, east positive
  std::string name = {};
  std::string address = {};
  std::string url = {};
};

/// A button or row that the contact chose.
struct Selection {
  std::string id;
  std::string title;
  std::string description = {};
  Json data = nullptr;  ///< answers of a form
};

/// The SMTP envelope of a mail, where the provider tells it.
struct Envelope {
  std::string from;                  ///< MAIL FROM; empty is a value: delivery reports have no sender
  std::vector<std::string> to = {};  ///< RCPT TO: also who got it by Bcc
};

struct DkimSignature {
  std::string domain;  ///< d=
  std::string result;  ///< as in SenderChecks
};

/// What the provider found out about the sender of a mail: each "pass", "fail", "none" (nothing to check, or nothing
/// follows from it) or "unknown" (the check did not succeed); empty where it does not tell. With `signatures` the host
/// compares their domains with From, and works `dkim` and a missing `dmarc` out.
struct SenderChecks {
  std::string spf = {};    ///< of the envelope's sender
  std::string dkim = {};   ///< of a signature; whose it is only `signatures` can tell
  std::string dmarc = {};  ///< whether one of the two speaks for the domain in From
  std::string spam = {};   ///< "fail": it is taken for spam
  std::vector<DkimSignature> signatures = {};
};

/// Why a status is "failed", or what is wrong with an account. `error_class`: toString(ErrorClass) of result.hpp.
struct EventError {
  std::string error_class;
  std::string code;
  std::string text;
};

struct Event {
  std::string kind;
  std::string id = {};
  std::optional<Time> timestamp = {};
  std::string account = {};  ///< which of our numbers or pages; empty: the channel's own
  std::string ref = {};      ///< Operation::ref(), where the provider returns it

  std::optional<Person> from = {};
  bool echo = false;  ///< sent by the business from elsewhere; `from` is then the customer it went to
  std::string type = {};
  std::string raw_type = {};
  std::string text = {};
  std::vector<Media> media = {};
  std::optional<Location> location = {};
  std::optional<Selection> selection = {};
  std::string reply_to = {};
  std::string thread_key = {};
  std::string thread_was = {};  ///< thread: the key that it had until now
  bool forwarded = false;

  std::string subject = {};  ///< mail: decoded
  std::string html = {};     ///< mail: as it came; the host makes it safe
  std::uint64_t mime = 0;    ///< mail: Call::blob() of the whole raw message, which the host parses
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< of a mail without `mime`: its header lines
  std::optional<Envelope> envelope = {};
  std::optional<SenderChecks> sender_checks = {};  ///< mail

  std::string message_id = {};
  std::string status = {};
  std::optional<EventError> error = {};
  std::optional<std::string> emoji = {};
  std::optional<Address> contact = {};
  std::string raw = {};
  std::string why = {};

  Json more = Json::object();  ///< members without a field of their own: contacts, order, referral, ...

  /// A message of the given type ("text", "image", ...). `id` is the provider's id of the message.
  static Event message(std::string id, Person from, std::string type, Time at) {
    Event event{.kind = "message", .id = std::move(id), .timestamp = at};
    event.from = std::move(from);
    event.type = std::move(type);
    return event;
  }

  /// A mail as the provider got it: Call::blob() of the raw message. The host takes id, sender, time, texts and files
  /// from it, as far as the event does not say them itself.
  static Event mail(std::uint64_t raw_message, std::optional<Envelope> envelope = {}) {
    Event event{.kind = "message"};
    event.mime = raw_message;
    event.envelope = std::move(envelope);
    return event;
  }

  /// `status`: sent, delivered, read or failed; for the message of ours that the provider knows as `message_id`.
  static Event statusOf(std::string message_id, std::string status, Time at) {
    Event event{.kind = "status", .timestamp = at};
    event.message_id = std::move(message_id);
    event.status = std::move(status);
    return event;
  }

  /// Everything that we sent to `contact` until `at` is delivered or read.
  static Event watermark(Address contact, std::string status, Time at) {
    Event event{.kind = "watermark", .timestamp = at};
    event.contact = std::move(contact);
    event.status = std::move(status);
    return event;
  }

  /// Without an emoji the reaction is taken back.
  static Event reaction(std::string message_id, Person from, std::optional<std::string> emoji, Time at) {
    Event event{.kind = "reaction", .timestamp = at};
    event.from = std::move(from);
    event.message_id = std::move(message_id);
    event.emoji = std::move(emoji);
    return event;
  }

  static Event edited(std::string message_id, std::string text, Time at) {
    Event event{.kind = "edit", .timestamp = at};
    event.message_id = std::move(message_id);
    event.text = std::move(text);
    return event;
  }

  static Event deleted(std::string message_id, Time at) {
    Event event{.kind = "delete", .timestamp = at};
    event.message_id = std::move(message_id);
    return event;
  }

  static Event optOut(Address contact, Time at) {
    Event event{.kind = "opt_out", .timestamp = at};
    event.contact = std::move(contact);
    return event;
  }

  static Event optIn(Address contact, Time at) {
    Event event{.kind = "opt_in", .timestamp = at};
    event.contact = std::move(contact);
    return event;
  }

  /// The person we knew as `known` is now `now`: another address, another name.
  static Event contactChanged(Address known, Person now, Time at) {
    Event event{.kind = "contact", .timestamp = at};
    event.from = std::move(now);
    event.contact = std::move(known);
    return event;
  }

  /// The thread that we knew as `was` has another key: a group with a new id. Its conversation goes on.
  static Event threadMoved(std::string was, std::string key, Time at) {
    Event event{.kind = "thread", .timestamp = at};
    event.thread_key = std::move(key);
    event.thread_was = std::move(was);
    return event;
  }

  /// Health of the channel itself.
  static Event accountNotice(EventError error, Time at) {
    Event event{.kind = "account", .timestamp = at};
    event.error = std::move(error);
    return event;
  }

  /// One item of a webhook that could not be understood; the rest of the batch goes on.
  static Event unparsed(std::string_view raw, std::string_view why, Time at) {
    Event event{.kind = "unparsed", .timestamp = at};
    event.raw = raw;
    event.why = why;
    return event;
  }

  Json toJson() const;
};

namespace detail {

inline void put(Json& into, const char* name, const std::string& text) {
  if (!text.empty()) into[name] = text;
}

/// For people: cut to what the schema takes, as dumpJson() will write it.
inline void putCut(Json& into, const char* name, const std::string& text, std::size_t max_bytes) {
  if (text.empty()) return;
  into[name] = text.size() <= max_bytes / 3 ? text : std::string(utf8Prefix(utf8Repaired(text), max_bytes));
}

inline Json toJson(const Media& media) {
  Json json = Json::object();
  put(json, "url", media.url);
  put(json, "provider_id", media.provider_id);
  if (media.blob != 0) json["blob"] = media.blob;
  putCut(json, "mime_type", media.mime_type, 200);
  putCut(json, "filename", media.filename, 255);
  if (media.size) json["size"] = *media.size;
  put(json, "sha256", media.sha256);
  put(json, "caption", media.caption);
  if (media.voice) json["voice"] = true;
  putCut(json, "content_id", media.content_id, 500);
  return json;
}

inline Json toJson(const SenderChecks& checks) {
  Json json = Json::object();
  put(json, "spf", checks.spf);
  put(json, "dkim", checks.dkim);
  put(json, "dmarc", checks.dmarc);
  put(json, "spam", checks.spam);
  for (const DkimSignature& one : checks.signatures) {
    if (one.domain.empty()) continue;
    if (json.contains("signatures") && json["signatures"].size() == 100) break;
    Json& signature = json["signatures"].emplace_back(Json{{"result", one.result}});
    putCut(signature, "domain", one.domain, 253);
  }
  return json;
}

inline Json toJson(const Address& address) {
  return {{"kind", address.kind}, {"address", address.address}};
}

inline Json toJson(const Person& person) {
  Json json = {{"kind", person.kind}, {"address", person.address}};
  putCut(json, "name", person.name, 1000);
  for (const Address& alias : person.aliases) json["aliases"].push_back(toJson(alias));
  return json;
}

}  // namespace detail

inline Json Event::toJson() const {
  using detail::put;
  Json json = more;
  json["kind"] = kind;
  put(json, "id", id);
  if (timestamp) json["timestamp"] = rfc3339(*timestamp);
  put(json, "account", account);
  put(json, "ref", ref);
  if (from) json["from"] = detail::toJson(*from);
  if (echo) json["echo"] = true;
  put(json, "type", type);
  detail::putCut(json, "raw_type", raw_type, 100);
  put(json, "text", text);
  put(json, "subject", subject);
  put(json, "html", html);
  if (mime != 0) json["mime"] = mime;
  for (const auto& [name, value] : headers) json["headers"].push_back(Json::array({name, value}));
  if (envelope) json["envelope"] = {{"from", envelope->from}, {"to", envelope->to}};
  if (sender_checks)
    if (Json checks = detail::toJson(*sender_checks); !checks.empty()) json["sender_checks"] = std::move(checks);
  for (const Media& item : media) json["media"].push_back(detail::toJson(item));
  if (location) {
    Json& place = json["location"] = {{"latitude", location->latitude}, {"longitude", location->longitude}};
    put(place, "name", location->name);
    put(place, "address", location->address);
    put(place, "url", location->url);
  }
  if (selection) {
    Json& chosen = json["selection"] = Json::object();
    put(chosen, "id", selection->id);
    put(chosen, "title", selection->title);
    put(chosen, "description", selection->description);
    if (!selection->data.is_null()) chosen["data"] = selection->data;
  }
  put(json, "reply_to", reply_to);
  if (!thread_key.empty()) json["thread"]["key"] = thread_key;
  if (!thread_was.empty()) json["thread"]["was"] = thread_was;
  if (forwarded) json["forwarded"] = true;
  put(json, "message_id", message_id);
  put(json, "status", status);
  if (error) {
    Json& why_not = json["error"] = {{"class", error->error_class}};
    detail::putCut(why_not, "code", error->code, 100);
    detail::putCut(why_not, "text", error->text, 2000);
  }
  if (kind == "reaction") json["emoji"] = emoji ? Json(*emoji) : Json(nullptr);
  if (contact) json["contact"] = detail::toJson(*contact);
  detail::putCut(json, "raw", raw, 65536);
  detail::putCut(json, "why", why, 1000);
  return json;
}

namespace detail {

/// Which rule of the schema the event breaks, of those that a provider's data can break; nothing when it is fine. The
/// host would refuse the event, and with it everything else that came in the same webhook. Sizes are those that
/// dumpJson() writes.
inline std::optional<std::string> brokenRule(const Event& event) {
  std::optional<std::string> found;
  const auto check = [&found](const char* name, const std::string& text, std::size_t most) {
    if (found || text.size() <= most / 3) return;
    if (const std::size_t size = utf8Repaired(text).size(); size > most)
      found = std::string(name) + " has " + std::to_string(size) + " bytes, over the limit of " + std::to_string(most);
  };
  const auto need = [&found](const char* name, const std::string& text) {
    if (!found && text.empty()) found = std::string(name) + " is empty";
  };
  const auto count = [&found](const char* name, std::size_t there, std::size_t most) {
    if (!found && there > most)
      found = std::string(name) + " has " + std::to_string(there) + " items, over the limit of " + std::to_string(most);
  };
  constexpr std::size_t kText = 4U << 20U;
  check("id", event.id, 512);
  check("account", event.account, 200);
  check("ref", event.ref, 100);
  check("reply_to", event.reply_to, 512);
  check("thread.key", event.thread_key, 512);
  check("thread.was", event.thread_was, 512);
  check("message_id", event.message_id, 512);
  check("text", event.text, kText);
  check("subject", event.subject, kText);
  check("html", event.html, kText);
  if (event.kind == "message" && event.mime == 0) need("id", event.id);
  if (event.kind == "status" || event.kind == "reaction" || event.kind == "edit" || event.kind == "delete")
    need("message_id", event.message_id);
  if (event.emoji) check("emoji", *event.emoji, 64);
  if (event.contact) {
    need("contact.address", event.contact->address);
    check("contact.address", event.contact->address, 320);
  }
  if (event.from) {
    need("from.address", event.from->address);
    check("from.address", event.from->address, 320);
    count("from.aliases", event.from->aliases.size(), 16);
    for (const Address& alias : event.from->aliases) {
      need("from.aliases", alias.address);
      check("from.aliases", alias.address, 320);
    }
  }
  if (event.envelope) {
    check("envelope.from", event.envelope->from, 320);
    for (const std::string& address : event.envelope->to) check("envelope.to", address, 320);
  }
  count("media", event.media.size(), 100);
  for (const Media& item : event.media) {
    check("media.provider_id", item.provider_id, 512);
    check("media.url", item.url, 8192);
    check("media.caption", item.caption, kText);
  }
  return found;
}

}  // namespace detail

}  // namespace patchbay
