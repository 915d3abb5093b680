#include "connectors/turn_runner.hpp"

#include <algorithm>
#include <cstring>

#include "base/json_schema.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "connectors/schemas.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::size_t kMaxDiagnosticText = 2000;

const char* effectName(std::uint32_t kind) {
  switch (kind) {
    case PB_EMIT_EVENT:
      return "event";
    case PB_EMIT_REPLY:
      return "reply";
    case PB_EMIT_REQUEST:
      return "http_request";
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

const char* turnName(TurnKind kind) {
  switch (kind) {
    case TurnKind::kCreate:
      return "create";
    case TurnKind::kReceive:
      return "receive";
    case TurnKind::kPerform:
      return "perform";
    case TurnKind::kResume:
      return "resume";
    case TurnKind::kPoll:
      return "poll";
    case TurnKind::kResumePoll:
      return "resume of a poll";
  }
  return "turn";
}

/// Which effects a kind of turn may have (design, section 4; connector.h).
bool legal(TurnKind turn, std::uint32_t effect) {
  const bool polling = turn == TurnKind::kPoll || turn == TurnKind::kResumePoll;
  const bool operating = turn == TurnKind::kPerform || turn == TurnKind::kResume;
  if (turn == TurnKind::kCreate) return false;
  switch (effect) {
    case PB_EMIT_EVENT:
    case PB_EMIT_REQUEST:
    case PB_EMIT_CARRY:
    case PB_EMIT_THROTTLE:
      return true;
    case PB_EMIT_REPLY:
      return turn == TurnKind::kReceive;
    case PB_EMIT_RESULT:
      return operating || polling;
    case PB_EMIT_CURSOR:
    case PB_EMIT_NEXT_POLL:
      return polling;
    default:
      return false;
  }
}

const JsonSchema& schemaOf(std::uint32_t effect) {
  static const JsonSchema request(schemaDocument("request"));
  static const JsonSchema result(schemaDocument("result"));
  static const JsonSchema reply(Json::parse(R"({"type": "object", "additionalProperties": false, "properties": {
      "status": {"type": "integer", "minimum": 200, "maximum": 599},
      "content_type": {"type": "string", "maxLength": 200, "pattern": "^[\\x20-\\x7e]*$"}, "body": {"type": "string"}}})"));
  static const JsonSchema cursor(
      Json::parse(R"({"type": "object", "required": ["cursor"], "additionalProperties": false,
      "properties": {"cursor": {"type": "string", "maxLength": 65536}}})"));
  static const JsonSchema next_poll(
      Json::parse(R"({"type": "object", "required": ["after_ms"], "additionalProperties": false,
      "properties": {"after_ms": {"type": "integer", "minimum": 0, "maximum": 604800000}}})"));
  static const JsonSchema throttle(
      Json::parse(R"({"type": "object", "required": ["scope", "until"], "additionalProperties": false,
      "properties": {"scope": {"enum": ["recipient", "channel", "account"]}, "until": {"type": "string", "format": "date-time"}}})"));
  switch (effect) {
    case PB_EMIT_REQUEST:
      return request;
    case PB_EMIT_RESULT:
      return result;
    case PB_EMIT_REPLY:
      return reply;
    case PB_EMIT_CURSOR:
      return cursor;
    case PB_EMIT_NEXT_POLL:
      return next_poll;
    default:
      return throttle;
  }
}

std::string clipped(pb_str text) {
  return cleanText(firstCodePoints(view(text), kMaxDiagnosticText));
}

class Runner {
 public:
  Runner(TurnKind kind, const TurnContext& context) : kind_(kind), context_(context), next_blob_(context.first_blob) {}

  Turn run(const std::function<std::int32_t(const pb_call*)>& call) {
    pb_call c{};
    c.struct_size = sizeof c;
    c.attempt = context_.attempt;
    c.now_ms = std::chrono::floor<std::chrono::milliseconds>(context_.now).time_since_epoch().count();
    c.deadline_ms = c.now_ms + context_.budget.count();
    c.trace_id = borrow(context_.trace_id);
    std::copy(context_.random.begin(), context_.random.end(), c.random);
    c.host_data = this;
    c.emit = [](const pb_call* at, std::uint32_t effect, pb_str json) {
      return broken(json) ? self(at).refuse(effect, "a null pointer with a length") : self(at).emit(effect, view(json));
    };
    c.blob = [](const pb_call* at, const void* bytes, std::uint64_t size, std::uint64_t* id) {
      return self(at).blob(bytes, size, id);
    };
    c.diag = [](const pb_call* at, std::uint32_t severity, pb_str code, pb_str pointer, pb_str text) {
      return self(at).diag(severity, code, pointer, text);
    };
    const auto started = std::chrono::steady_clock::now();
    try {
      turn_.status = call(&c);
    } catch (const std::exception& error) {
      // The ABI forbids it, but a C++ connector without the SDK's wrapper can: unwinding through the same runtime
      // works.
      turn_.status = PB_BUG;
      turn_.error = std::string{"an exception left the connector: "} + error.what();
    } catch (...) {
      turn_.status = PB_BUG;
      turn_.error = "something that is not a std::exception was thrown out of the connector";
    }
    turn_.took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
    if (turn_.took > context_.budget)
      log::warn(
          "connectors", "a turn took longer than its budget",
          {{"turn", turnName(kind_)}, {"took_ms", turn_.took.count() / 1000}, {"budget_ms", context_.budget.count()}});
    judge();
    if (!turn_.ok()) discard();
    return std::move(turn_);
  }

 private:
  static Runner& self(const pb_call* call) { return *static_cast<Runner*>(call->host_data); }

  std::int32_t refuse(std::uint32_t effect, const std::string& why) { return refuse(effectName(effect), why); }
  std::int32_t refuse(const char* what, const std::string& why) {
    if (refusal_.empty()) refusal_ = std::string{what} + " refused: " + why;
    return PB_INVALID_INPUT;
  }

  // The callbacks below are called by C code: nothing may leave them but a status.

  std::int32_t emit(std::uint32_t effect, std::string_view json) noexcept try {
    if (context_.record != nullptr) context_.record->push_back({effectName(effect), std::string{json}});
    if (!legal(kind_, effect)) return refuse(effect, std::string{"not legal in "} + turnName(kind_));
    json_bytes_ += json.size();
    if (json_bytes_ > kMaxTurnJson)
      return refuse(effect, "over " + std::to_string(kMaxTurnJson) + " bytes of effects in one turn");
    if (effect == PB_EMIT_EVENT) return event(json);
    if (effect == PB_EMIT_CARRY) return carry(json);
    Json document;
    try {
      document = parseJson(json);
    } catch (const JsonError& error) {
      return refuse(effect, std::string{"not JSON: "} + error.what());
    }
    const auto errors = schemaOf(effect).validate(document);
    if (!errors.empty())
      return refuse(effect, (errors[0].pointer.empty() ? "it" : errors[0].pointer) + " " + errors[0].message);
    return store(effect, std::move(document));
  } catch (const std::exception& error) {
    return refuse(effect, error.what());
  }

  std::int32_t event(std::string_view json) {
    if (turn_.events.size() >= kMaxTurnEvents)
      return refuse(PB_EMIT_EVENT, "over " + std::to_string(kMaxTurnEvents) + " events in one turn");
    auto event = decodeEvent(json, context_.now);
    if (!event) return refuse(PB_EMIT_EVENT, event.error().message);
    if (event->mime != 0 && !known(event->mime))
      return refuse(PB_EMIT_EVENT,
                    "mime names blob " + std::to_string(event->mime) + ", which this turn does not have");
    for (const auto& item : event->media)
      if (item.blob != 0 && !known(item.blob))
        return refuse(PB_EMIT_EVENT,
                      "media names blob " + std::to_string(item.blob) + ", which this turn does not have");
    turn_.events.push_back(std::move(*event));
    return PB_OK;
  }

  std::int32_t carry(std::string_view bytes) {
    if (turn_.carry) return refuse(PB_EMIT_CARRY, "a second one in one turn");
    if (bytes.size() > kMaxCarry)
      return refuse(PB_EMIT_CARRY,
                    std::to_string(bytes.size()) + " bytes, over the limit of " + std::to_string(kMaxCarry));
    turn_.carry = std::string{bytes};
    return PB_OK;
  }

  std::int32_t store(std::uint32_t effect, Json document) {
    const auto name = effectName(effect);
    switch (effect) {
      case PB_EMIT_REPLY:
        if (turn_.reply) return refuse(effect, std::string{"a second "} + name);
        turn_.reply =
            WebhookReply{document.value("status", 200), document.value("content_type", ""), document.value("body", "")};
        break;
      case PB_EMIT_REQUEST:
        if (turn_.requests.size() >= kMaxTurnRequests)
          return refuse(effect, "over " + std::to_string(kMaxTurnRequests) + " requests in one step");
        if (document["repeat"] == "unsafe") {
          if (unsafe_)
            return refuse(effect, "a second one with \"repeat\": \"unsafe\" in one step: put it into the next");
          unsafe_ = true;
        }
        turn_.requests.push_back(std::move(document));
        break;
      case PB_EMIT_RESULT:
        if (turn_.result) return refuse(effect, std::string{"a second "} + name);
        turn_.result = std::move(document);
        break;
      case PB_EMIT_CURSOR:
        if (turn_.cursor) return refuse(effect, std::string{"a second "} + name);
        turn_.cursor = cleanText(document["cursor"].get_ref<const std::string&>());
        break;
      case PB_EMIT_NEXT_POLL:
        if (turn_.next_poll) return refuse(effect, std::string{"a second "} + name);
        turn_.next_poll = std::chrono::milliseconds{static_cast<std::int64_t>(document["after_ms"].get<double>())};
        break;
      default:
        if (turn_.throttles.size() >= kMaxTurnThrottles)
          return refuse(effect, "over " + std::to_string(kMaxTurnThrottles) + " throttles in one turn");
        turn_.throttles.push_back(
            {document["scope"].get<std::string>(), *parseRfc3339(document["until"].get_ref<const std::string&>())});
        break;
    }
    return PB_OK;
  }

  std::int32_t blob(const void* bytes, std::uint64_t size, std::uint64_t* id) noexcept try {
    if (kind_ == TurnKind::kCreate || id == nullptr || (bytes == nullptr && size > 0)) return PB_INVALID_INPUT;
    if (turn_.blobs.size() >= kMaxTurnBlobCount || size > kMaxTurnBlobs || blob_bytes_ + size > kMaxTurnBlobs)
      return PB_REJECTED;
    blob_bytes_ += size;
    *id = next_blob_++;
    if (context_.record != nullptr)
      context_.record->push_back({"blob", std::string(static_cast<const char*>(bytes), size)});
    turn_.blobs.emplace(*id, std::string(static_cast<const char*>(bytes), size));
    return PB_OK;
  } catch (const std::exception&) {
    return PB_REJECTED;  // out of memory; nothing else can be thrown here
  }

  std::int32_t diag(std::uint32_t severity, pb_str code, pb_str pointer, pb_str text) noexcept try {
    if (context_.record != nullptr)
      context_.record->push_back(
          {"diag", std::string{view(code)} + "\n" + std::string{view(pointer)} + "\n" + std::string{view(text)}});
    if (broken(code) || broken(pointer) || broken(text)) refuse("diag", "a null pointer with a length");
    if (turn_.diagnostics.size() < kMaxTurnDiagnostics)
      turn_.diagnostics.push_back(
          {std::min<std::uint32_t>(severity, PB_ERROR), clipped(code), clipped(pointer), clipped(text)});
    return PB_OK;
  } catch (const std::exception&) {
    return PB_OK;  // out of memory: a diagnostic less
  }

  /// Blobs of this turn, and those that the host gave it: for receive the files of a form, else all below first_blob
  /// (the host checks them).
  bool known(std::uint64_t id) const {
    return turn_.blobs.contains(id) || (kind_ == TurnKind::kReceive ? id <= context_.files : id < context_.first_blob);
  }

  void bug(std::string why) {
    turn_.status = PB_BUG;
    turn_.error = std::move(why);
  }

  void judge() {
    if (turn_.status < PB_OK || turn_.status > PB_BUG)
      return bug("it returned " + std::to_string(turn_.status) + ", which is not a status");
    if (!turn_.ok()) {
      // The connector's last words explain best; a refused effect is why most of them fail at all.
      if (turn_.error.empty())
        for (const auto& diagnostic : turn_.diagnostics)
          if (diagnostic.severity >= PB_WARNING)
            turn_.error = diagnostic.text + (diagnostic.pointer.empty() ? "" : " (at " + diagnostic.pointer + ")");
      if (!refusal_.empty()) turn_.error += (turn_.error.empty() ? "" : "; ") + refusal_;
      if (turn_.error.empty())
        turn_.error = std::string{turnName(kind_)} + " returned " + std::string{statusName(turn_.status)};
      return;
    }
    if (!refusal_.empty()) return bug(refusal_);
    if (kind_ == TurnKind::kReceive && turn_.carry && turn_.requests.empty())
      return bug("a carry without requests: nobody would read it");
    if (kind_ == TurnKind::kPoll || kind_ == TurnKind::kResumePoll) return judgePoll();
    if (kind_ != TurnKind::kPerform && kind_ != TurnKind::kResume) return;
    if (turn_.result && !turn_.requests.empty())
      return bug("a result and requests in one turn: the operation cannot have ended");
    if (!turn_.result && turn_.requests.empty())
      return bug("neither a result nor requests: the operation would never end");
  }

  /// With a result "failed" the same will be asked again from the same cursor: there is nothing to be kept of it.
  void judgePoll() {
    if (!turn_.result) return;
    if (!turn_.requests.empty()) return bug("a result and requests in one turn: the poll cannot have ended");
    if (turn_.result->value("status", "") == "failed" && (turn_.cursor || !turn_.events.empty()))
      return bug("a poll that failed has neither events nor a cursor: it is made again");
  }

  void discard() {
    Turn empty;
    empty.status = turn_.status;
    empty.error = std::move(turn_.error);
    empty.diagnostics = std::move(turn_.diagnostics);
    empty.took = turn_.took;
    turn_ = std::move(empty);
  }

  const TurnKind kind_;
  const TurnContext& context_;
  Turn turn_;
  std::string refusal_;  // of the first effect that was refused
  std::size_t json_bytes_ = 0;
  std::size_t blob_bytes_ = 0;
  std::uint64_t next_blob_;
  bool unsafe_ = false;
};

}  // namespace

Turn runTurn(TurnKind kind, const std::string& who, const TurnContext& context,
             const std::function<std::int32_t(const pb_call*)>& call) {
  const std::string_view name = who;
  const auto slash = name.find('/');
  const log::Scope scope(
      {.trace_id = context.trace_id, .tenant = name.substr(0, slash), .channel = name.substr(slash + 1)});
  return Runner(kind, context).run(call);
}

std::string_view statusName(std::int32_t status) {
  switch (status) {
    case PB_OK:
      return "ok";
    case PB_IGNORED:
      return "ignored";
    case PB_INVALID_INPUT:
      return "invalid_input";
    case PB_AUTH:
      return "auth";
    case PB_RATE_LIMITED:
      return "rate_limited";
    case PB_TRANSIENT:
      return "transient";
    case PB_REJECTED:
      return "rejected";
    case PB_UNSUPPORTED:
      return "unsupported";
    case PB_BUG:
      return "bug";
    default:
      return "unknown";
  }
}

}  // namespace patchbay::connectors
