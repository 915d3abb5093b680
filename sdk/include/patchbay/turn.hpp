/// What a turn is given, and what it gives back.
#pragma once

#include <patchbay/connector.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <patchbay/event.hpp>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

namespace detail {

inline pb_str str(std::string_view text) {
  return {text.data(), text.size()};
}

/// A struct that the other side filled: as much of it as both sides know, the rest zero.
template <class Struct>
Struct readStruct(const Struct& theirs) {
  Struct ours{};
  const std::size_t size = theirs.struct_size & ~std::size_t{7};  // never half a member
  std::memcpy(&ours, &theirs, size < sizeof(Struct) ? size : sizeof(Struct));
  return ours;
}

}  // namespace detail

namespace detail {

inline const char* effectName(std::uint32_t kind) {
  switch (kind) {
    case PB_EMIT_EVENT:
      return "event";
    case PB_EMIT_REPLY:
      return "reply";
    case PB_EMIT_REQUEST:
      return "request";
    case PB_EMIT_CARRY:
      return "carry";
    case PB_EMIT_RESULT:
      return "result";
    case PB_EMIT_CURSOR:
      return "cursor";
    case PB_EMIT_NEXT_POLL:
      return "next_poll";
    case PB_EMIT_THROTTLE:
      return "throttle";
    default:
      return "unknown effect";
  }
}

}  // namespace detail

/// Thrown out of a turn to end it with a status and a diagnostic. Effects of the turn are dropped.
class TurnError : public std::runtime_error {
 public:
  /// @param status   PB_INVALID_INPUT, PB_UNSUPPORTED, ...
  /// @param code     stable, snake_case
  /// @param pointer  JSON pointer into the stimulus, or empty
  TurnError(std::int32_t status, std::string code, const std::string& text, std::string pointer = {})
      : std::runtime_error(text), status_(status), code_(std::move(code)), pointer_(std::move(pointer)) {}

  std::int32_t status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::string& pointer() const { return pointer_; }

 private:
  std::int32_t status_;
  std::string code_;
  std::string pointer_;
};

/// The channel that an instance serves: an entry of the admin's YAML. Valid for the life of the instance.
class Context {
 public:
  Context(Json document, const pb_host* host) : document_(std::move(document)), host_(host) {}

  /// The channel's config. It fits the manifest's schema, defaults are filled in, secrets are markers.
  const Json& config() const { return document_.at("config"); }

  /// A text of the config. @throws Json::exception naming the key when it is not there.
  std::string setting(const char* key) const { return config().at(key).get<std::string>(); }
  std::string setting(const char* key, std::string fallback) const { return config().value(key, std::move(fallback)); }

  /// The marker of a secret, for the rare place where HttpRequest has no scheme: in a URL's path, a header, a form
  /// value.
  std::string secret(const char* key) const { return setting(key); }

  std::string tenant() const { return document_.value("tenant", ""); }
  std::string channel() const { return document_.value("channel", ""); }
  /// Where the provider delivers webhooks of this channel.
  std::string webhookUrl() const { return document_.value("webhook_url", ""); }

  /// The minor version of the host's ABI: what a newer one offers is used only where this says that it is there.
  std::uint32_t hostMinor() const { return host_ ? host_->abi_minor : 0; }

  /// To the host's log. Any thread. `severity`: PB_DEBUG ... PB_ERROR.
  void log(std::uint32_t severity, std::string_view text) const {
    if (host_ && host_->log) host_->log(host_, severity, detail::str(text));
  }

 private:
  Json document_;
  const pb_host* host_;
};

/// One turn: its clock, its luck, and the bytes it may hand over. Valid until the turn returns, on its thread.
class Call {
 public:
  explicit Call(const pb_call& raw) : theirs_(&raw), raw_(detail::readStruct(raw)) {}

  Time now() const { return Time(std::chrono::milliseconds(raw_.now_ms)); }
  Time deadline() const { return Time(std::chrono::milliseconds(raw_.deadline_ms)); }
  /// 1 for the first try of an operation; 0 where there are no tries.
  unsigned attempt() const { return raw_.attempt; }
  std::string_view traceId() const { return detail::view(raw_.trace_id); }
  /// The same 32 bytes whenever this turn is replayed.
  std::span<const std::uint8_t, 32> random() const { return std::span<const std::uint8_t, 32>(raw_.random); }

  /// Hands bytes to the host. @throws std::runtime_error over a limit
  Blob blob(std::string_view bytes) const {
    Blob blob;
    if (!raw_.blob || raw_.blob(theirs_, bytes.data(), bytes.size(), &blob.id) != PB_OK)
      throw std::runtime_error("the host refused a blob of " + std::to_string(bytes.size()) + " bytes");
    return blob;
  }

  /// Tells the admin what is odd about the stimulus, and where. Does not end the turn.
  void warn(std::string_view code, std::string_view text, std::string_view pointer = {}) const {
    diag(PB_WARNING, code, text, pointer);
  }
  void diag(std::uint32_t severity, std::string_view code, std::string_view text, std::string_view pointer = {}) const {
    if (raw_.diag) raw_.diag(theirs_, severity, detail::str(code), detail::str(pointer), detail::str(text));
  }

  /// [connector.hpp] One effect. @throws std::runtime_error when the host refuses it; its log says why.
  void emit(std::uint32_t kind, std::string_view json) const {
    if (!raw_.emit || raw_.emit(theirs_, kind, detail::str(json)) != PB_OK)
      throw std::runtime_error(std::string("the host refused an effect: ") + detail::effectName(kind));
  }

 private:
  const pb_call* theirs_;
  pb_call raw_;
};

/// A field of a form body (manifest: "decode": "form"). Values are as they were sent: not trimmed, and UTF-8 only if
/// the sender wrote UTF-8 (documents of events and requests take anything: what is not UTF-8 becomes U+FFFD).
struct FormField {
  std::string_view name;
  std::string_view value;
  std::string_view filename;
  std::string_view content_type;
  Blob blob;  ///< of a file, for media of events ("blob") and for requests; else id 0
};

/// A webhook whose signature has been verified. A view: valid until receive() returns.
class Request {
 public:
  explicit Request(const pb_request& raw) : raw_(detail::readStruct(raw)) {}

  std::string_view method() const { return detail::view(raw_.method); }
  std::string_view suffix() const { return detail::view(raw_.suffix); }
  std::string_view query() const { return detail::view(raw_.query); }
  std::string_view header(std::string_view name) const {
    return detail::findHeader(raw_.headers, raw_.header_count, name);
  }
  std::string_view body() const { return detail::view(raw_.body); }
  /// The body as JSON, by value: keep it in a variable before you iterate over a part of it, since in
  /// `for (auto& item : request.json().at("items"))` the document is gone before the loop begins (C++20).
  /// @throws JsonError, which ends the turn with PB_INVALID_INPUT unless it is caught.
  Json json() const { return parseJson(body()); }
  std::vector<FormField> fields() const {
    std::vector<FormField> fields;
    for (std::uint64_t i = 0; i < raw_.field_count; ++i) {
      const pb_field& field = raw_.fields[i];
      fields.push_back({detail::view(field.name), detail::view(field.value), detail::view(field.filename),
                        detail::view(field.content_type), Blob{field.blob}});
    }
    return fields;
  }
  /// Value of the first field of that name; empty when there is none (see hasField()).
  std::string_view field(std::string_view name) const {
    const pb_field* found = findField(name);
    return found ? detail::view(found->value) : std::string_view();
  }
  bool hasField(std::string_view name) const { return findField(name) != nullptr; }

 private:
  const pb_field* findField(std::string_view name) const {
    for (std::uint64_t i = 0; i < raw_.field_count; ++i)
      if (detail::view(raw_.fields[i].name) == name) return &raw_.fields[i];
    return nullptr;
  }

  pb_request raw_;
};

/// What the host gives an outgoing mail (manifest: mail): operation.mail and operation.thread.
struct OutgoingMail {
  std::string from;                                          ///< address of the sender
  std::string name;                                          ///< display name; may be empty
  std::string reply_to;                                      ///< address with the conversation's token; may be empty
  std::string message_id;                                    ///< without brackets; the same on every attempt
  std::string in_reply_to;                                   ///< without brackets; may be empty
  std::vector<std::string> references;                       ///< without brackets, oldest first
  std::vector<std::pair<std::string, std::string>> headers;  ///< further lines
};

/// Something to do: schema/operation.schema.json. Members that are missing read as empty.
class Operation {
 public:
  explicit Operation(Json document) : document_(std::move(document)) {}

  std::string kind() const { return text("kind"); }
  std::string ref() const { return text("ref"); }
  Address to() const { return {document_.at("to").at("kind"), document_.at("to").at("address")}; }
  std::string type() const { return text("type"); }
  std::string body() const { return text("text"); }
  std::string replyTo() const { return text("reply_to"); }
  std::string messageId() const { return text("message_id"); }
  std::vector<Media> media() const {
    std::vector<Media> items;
    for (const Json& json : document_.value("media", Json::array())) {
      Media item{.url = json.value("url", ""),
                 .provider_id = json.value("provider_id", ""),
                 .blob = json.value("blob", std::uint64_t{0})};
      item.mime_type = json.value("mime_type", "");
      item.filename = json.value("filename", "");
      if (const auto size = json.find("size"); size != json.end()) item.size = size->get<std::uint64_t>();
      item.caption = json.value("caption", "");
      item.voice = json.value("voice", false);
      items.push_back(std::move(item));
    }
    return items;
  }

  std::string subject() const { return text("subject"); }
  std::string html() const { return text("html"); }
  /// The composed message (manifest: mail.compose "mime"); id 0 when there is none.
  Blob mime() const { return Blob{document_.value("mime", std::uint64_t{0})}; }
  /// @throws Json::exception when the operation has no `mail`: the manifest does not ask for it.
  OutgoingMail mail() const {
    const Json& mail = document_.at("mail");
    const Json thread = document_.value("thread", Json::object());
    OutgoingMail out{.from = mail.at("from").at("address"),
                     .name = mail.at("from").value("name", ""),
                     .reply_to = mail.value("reply_to", ""),
                     .message_id = mail.at("message_id"),
                     .in_reply_to = thread.value("in_reply_to", ""),
                     .references = thread.value("references", std::vector<std::string>{}),
                     .headers = {}};
    const auto lines = mail.find("headers");
    if (lines == mail.end()) return out;
    for (const Json& line : *lines) out.headers.emplace_back(line.at(0), line.at(1));
    return out;
  }

  /// A text member. @throws Json::exception when it is there and not a text.
  std::string text(const char* member) const { return document_.value(member, ""); }
  /// The whole document, for everything else.
  const Json& json() const { return document_; }

 private:
  Json document_;
};

/// What the step before this one left for us.
class Carry {
 public:
  explicit Carry(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::string_view bytes() const { return bytes_; }
  /// The bytes as JSON. @throws JsonError
  Json json() const { return parseJson(bytes_); }

 private:
  std::string_view bytes_;
};

/// An answer to the webhook itself, where the provider wants more than the manifest's `ack`.
struct Reply {
  int status = 200;
  std::string content_type = "text/plain";
  std::string body = {};
};

/// What receive() found. Requests are made after the events are durable, also when a crash comes between; their answers
/// come to resume(), whose operation has the kind "receive" and which ends with a result, as always.
struct Received {
  std::vector<Event> events = {};
  std::optional<Reply> reply = {};
  std::vector<HttpRequest> requests = {};
  std::string carry = {};  ///< kept with the requests and given to resume(); at most 64 KiB
  std::vector<Throttle> throttles = {};
};

/// What perform(), resume() and poll() want next: requests (then resume() is called), or a result.
struct Step {
  Step() = default;
  Step(Result end) : result(std::move(end)) {}  // NOLINT(google-explicit-constructor): `return Result::sent(...);`
  /// One request. `left` is kept durably and given to resume(); at most 64 KiB.
  Step(HttpRequest request, std::string left = {}) : carry(std::move(left)) {  // NOLINT(google-explicit-constructor)
    requests.push_back(std::move(request));
  }
  /// Several, made in parallel; resume() is called once, when all have ended.
  explicit Step(std::vector<HttpRequest> parallel, std::string left = {})
      : requests(std::move(parallel)), carry(std::move(left)) {}

  /// This connector, or this provider, cannot do that. `what` names it.
  static Step unsupported(std::string what) {
    Step step;
    step.unsupported_because = std::move(what);
    return step;
  }

  std::vector<HttpRequest> requests = {};
  std::string carry = {};
  std::optional<Result> result = {};
  std::vector<Throttle> throttles = {};

  std::vector<Event> events = {};  ///< in every step: what a webhook or a poll brought, or an answer told

  // poll() and the resume() that follows it
  std::optional<std::string> cursor = {};
  std::optional<std::chrono::milliseconds> next_poll = {};

  std::optional<std::string> unsupported_because = {};  ///< set by unsupported()
};

}  // namespace patchbay
