/// What connectors report, as values: the decoded form of sdk/schema/event.schema.json.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace patchbay::connectors {

/// How a person can be reached: a kind ("phone", "email", "bsuid", ...) and a value that is opaque to the host.
struct Address {
  std::string kind;
  std::string address;
  friend bool operator==(const Address&, const Address&) = default;
};

struct Sender {
  Address address;
  std::string name;              ///< as the person calls themselves; may be empty
  std::vector<Address> aliases;  ///< other addresses of the same person
};

struct MediaItem {
  std::string url;  ///< exactly one of url, provider_id and blob
  std::string provider_id;
  std::uint64_t blob = 0;  ///< of the turn's blobs
  std::string mime_type;
  std::string filename;
  std::int64_t size = -1;  ///< bytes; -1: not known
  std::string sha256;      ///< lower-case hex, as the provider claims it; may be empty
  std::string caption;
  bool voice = false;      ///< recorded on the spot
  std::string content_id;  ///< of a mail's file, where its HTML may show it as cid:; without brackets
};

struct EventError {
  std::string error_class;  ///< result.schema.json, error.class
  std::string code;         ///< the provider's
  std::string text;
};

/// The SMTP envelope of a mail.
struct Envelope {
  std::string from;  ///< empty is a value: delivery reports have no sender
  std::vector<std::string> to;
};

/// What the provider found out about the sender of a mail: pass, fail, none, unknown; empty: it does not tell.
struct SenderChecks {
  struct Signature {
    std::string domain;
    std::string result;
  };
  std::string spf;
  std::string dkim;
  std::string dmarc;
  std::string spam;
  std::vector<Signature> signatures;  ///< by DKIM, where the provider names the domains
};

struct MailFacts;

enum class EventKind {
  kMessage,
  kStatus,
  kWatermark,
  kReaction,
  kEdit,
  kDelete,
  kTyping,
  kOptOut,
  kOptIn,
  kContact,
  kThread,
  kAccount,
  kUnparsed
};

struct Event {
  EventKind kind = EventKind::kMessage;
  std::string id;         ///< the provider's: of the message for messages, else of the event
  Timestamp timestamp{};  ///< the provider's clock; the time of the turn where the provider gives none
  std::string account;    ///< which of our numbers or pages
  std::string ref;        ///< ours, where the provider returns it

  // message, and the parts of it that other kinds use
  Sender from;
  std::string type;  ///< text, image, ...
  std::string text;  ///< caption for media
  std::string subject;
  std::string html;
  std::vector<MediaItem> media;
  std::string reply_to;  ///< provider's id of the message that is answered
  std::string thread_key;
  std::string thread_was;  ///< thread: the key that it had until now
  bool echo = false;       ///< the business sent it from elsewhere; `from` is then the customer it went to
  std::string raw_type;

  // mail (host/mail completes them)
  std::uint64_t mime = 0;                                    ///< blob of the whole raw message
  std::vector<std::pair<std::string, std::string>> headers;  ///< [name, value], as they came
  std::optional<Envelope> envelope;
  std::optional<SenderChecks> sender_checks;
  std::shared_ptr<const MailFacts> mail;  ///< what host/mail found; null for what is no mail

  Json extra;  ///< object of location, selection, contacts, order, referral, thread, forwarded, kept with the
               ///< message as they are; null when there is none of them

  // status, reaction, edit, delete: `message_id` is the provider's
  std::string message_id;
  std::string status;  ///< sent, delivered, read, failed
  std::optional<EventError> error;
  std::string emoji;  ///< empty removes
  Address contact;    ///< watermark, opt_in, opt_out, contact

  // unparsed
  std::string raw;
  std::string why;
};

/// The schema's word for it: kOptOut -> "opt_out".
std::string_view kindName(EventKind kind);

/// Longest text, subject, html and caption, in bytes.
inline constexpr std::size_t kMaxEventText = 4U << 20U;

/// Decodes and checks one event. Text is cleaned for PostgreSQL (NUL, invalid UTF-8, lone surrogates become U+FFFD).
/// Names that people chose (of a person, of a file) are cut where they are over-long; other over-long members are
/// refused.
/// @return kInvalid, naming the member and the rule, when it does not fit the schema.
Result<Event> decodeEvent(std::string_view json, Timestamp now);

}  // namespace patchbay::connectors
