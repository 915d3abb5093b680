/// One call of a connector, as values: what goes in, what comes out (sdk/include/patchbay/connector.h is the contract).
#pragma once

#include <patchbay/connector.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.hpp"
#include "connectors/event.hpp"

namespace patchbay::connectors {

/// One field of an urlencoded or multipart body (form.hpp).
struct FormField {
  std::string name;
  std::string value;  ///< bytes as they were sent, in whatever charset; empty for a file
  std::string filename = {};
  std::string content_type = {};
  std::uint64_t blob = 0;  ///< of a file: id of its bytes, 1, 2, ...
};

/// A webhook as the connector sees it. Borrowed: valid for the call.
struct Webhook {
  std::string_view method;
  std::string_view suffix;  ///< after /webhooks/{tenant}/{channel}/, percent-encoded
  std::string_view query;
  const http::Headers* headers = nullptr;
  std::string_view body;  ///< empty when it was a form and has been decoded
  std::span<const FormField> fields = {};
};

/// The answer to one request of a step.
struct Answer {
  int failure = PB_ANSWERED;  ///< PB_ANSWERED, PB_NOT_SENT, ...
  int status = 0;
  http::Headers headers;
  std::string body;
  std::uint64_t blob = 0;  ///< when the request said "into": "blob"
  std::string error;
  bool forbidden = false;  ///< not made, since a rule of ours forbids every address of the server
};

/// One effect as the connector emitted it, refused ones included; blobs and diagnostics too, so that two turns can be
/// compared.
struct Effect {
  std::string kind;  ///< "event", "http_request", ..., "blob", "diag"
  std::string text;
};

/// Clock, luck and bookkeeping of a turn.
struct TurnContext {
  Timestamp now;
  std::chrono::milliseconds budget{2000};
  unsigned attempt = 0;
  std::string trace_id;
  std::array<std::uint8_t, 32> random{};
  /// Ids of the bytes that the turn hands over start here and count up; smaller ones are the host's (of the operation,
  /// of answers). For a later step of the same operation: above what the earlier ones used.
  std::uint64_t first_blob = 1'000'000;
  /// Of receive: files of the form, which have the ids from 1 to this.
  std::uint64_t files = 0;
  std::vector<Effect>* record = nullptr;  ///< when set, gets every effect (`patchbay check`)
};

/// Limits of one turn; an effect over one is refused, and with it the turn.
inline constexpr std::size_t kMaxTurnEvents = 5000;
inline constexpr std::size_t kMaxTurnJson = 32U << 20U;   ///< bytes of all effects
inline constexpr std::size_t kMaxTurnBlobs = 64U << 20U;  ///< bytes handed over
inline constexpr std::size_t kMaxTurnBlobCount = 1000;
inline constexpr std::size_t kMaxTurnRequests = 64;
inline constexpr std::size_t kMaxTurnThrottles = 100;
inline constexpr std::size_t kMaxTurnDiagnostics = 100;  ///< further ones are dropped
inline constexpr std::size_t kMaxCarry = 64U << 10U;

struct Diagnostic {
  std::uint32_t severity = PB_INFO;
  std::string code;
  std::string pointer;
  std::string text;
};

struct WebhookReply {
  int status = 200;
  std::string content_type;
  std::string body;
};

struct Throttle {
  std::string scope;  ///< recipient, channel, account
  Timestamp until;
};

/// What a turn asked for. When `status` is neither PB_OK nor PB_IGNORED every effect has been dropped.
struct Turn {
  std::int32_t status = PB_OK;
  std::string error;  ///< why not PB_OK, for people: the connector's own words or the rule of the host that it broke
  std::vector<Diagnostic> diagnostics;
  std::vector<Event> events;
  std::optional<WebhookReply> reply;
  std::vector<Json> requests;  ///< request.schema.json, checked
  std::optional<std::string> carry;
  std::optional<Json> result;  ///< result.schema.json, checked
  std::optional<std::string> cursor;
  std::optional<std::chrono::milliseconds> next_poll;
  std::vector<Throttle> throttles;
  std::map<std::uint64_t, std::string> blobs;  ///< bytes that the turn handed over

  std::chrono::microseconds took{};

  bool ok() const { return status == PB_OK || status == PB_IGNORED; }
};

/// PB_OK -> "ok", ...
std::string_view statusName(std::int32_t status);

}  // namespace patchbay::connectors
