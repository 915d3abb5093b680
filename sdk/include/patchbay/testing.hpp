/// A host for unit tests: runs turns of a connector and keeps what they asked for. It works on the C descriptor, so
/// connectors in C are tested the same way. No network, no files, no clock.
///
///     const Json config = {{"account", "7"}, {"api_key", "k"}};
///     FakeHost host(config);
///     const Turn turn = host.perform({{"kind", "message"}, {"to", ...}, {"type", "text"}, {"text", "Hello"}});
///     EXPECT_EQ(turn.requests.at(0).at("json").at("body"), "Hello");
///
/// It applies the manifest as the host does, as far as a test needs it: defaults of the config are filled in, and keys
/// that are `x-secret` become markers, "{{secret:api_key}}". As the host does, it refuses descriptors of fewer than 88
/// bytes, effects that are not legal in their turn (or come twice, where there may be one), and turns that end nothing
/// and ask for nothing: such a turn is PB_BUG, and Turn::refused says why. What it leaves to `patchbay check`: the
/// schemas of the documents, taking raw mail apart, and the limits on how much one turn may emit (of blobs and carry it
/// knows the bytes).
#pragma once

#include <patchbay/connector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <patchbay/time.hpp>
#include <patchbay/turn.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::testing {

struct Diagnostic {
  std::uint32_t severity = PB_INFO;
  std::string code;
  std::string pointer;
  std::string text;
};

/// What one turn asked for. The effects of a turn that failed are dropped, as the host drops them.
struct Turn {
  std::int32_t status = PB_OK;
  std::vector<Json> events = {};
  std::vector<Json> requests = {};
  std::vector<Json> throttles = {};
  std::optional<Json> reply = {};
  std::optional<Json> result = {};
  std::optional<std::string> carry = {};
  std::optional<std::string> cursor = {};
  std::optional<std::int64_t> next_poll_ms = {};
  std::map<std::uint64_t, std::string> blobs = {};  ///< handed over by pb_call.blob
  std::vector<Diagnostic> diagnostics = {};
  std::string refused = {};  ///< why the host refused an effect, or the turn; empty when it did not

  bool ok() const { return status == PB_OK || status == PB_IGNORED; }
};

/// A field of a form, or a file: then `value` holds its bytes, and the connector sees a blob. The n-th file has the id
/// n.
struct FormItem {
  std::string name;
  std::string value = {};
  bool file = false;
  std::string filename = {};
  std::string content_type = {};
};

/// A webhook to be delivered. FakeHost checks no signature: receive() only ever sees requests that passed.
struct Webhook {
  std::string body = {};
  std::string method = "POST";
  std::string suffix = {};
  std::string query = {};
  std::vector<std::pair<std::string, std::string>> headers = {{"Content-Type", "application/json"}};
  std::vector<FormItem> fields = {};

  /// A form as the host hands it over (manifest: "decode": "form").
  static Webhook form(std::vector<FormItem> fields) {
    bool files = false;
    for (const FormItem& field : fields) files |= field.file;
    return {.headers = {{"Content-Type", files ? "multipart/form-data" : "application/x-www-form-urlencoded"}},
            .fields = std::move(fields)};
  }
};

/// What the provider answers to one request.
struct Answer {
  int status = 200;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::uint64_t blob = 0;
  int failure = PB_ANSWERED;
  std::string error = {};

  static Answer json(int status, const Json& body) { return {.status = status, .body = body.dump()}; }
  /// No answer: PB_NOT_SENT or PB_NO_ANSWER.
  static Answer lost(int failure, std::string why) {
    return {.status = 0, .failure = failure, .error = std::move(why)};
  }
};

class FakeHost {
 public:
  /// @param config     as an admin writes it; see above for what becomes of it
  /// @param connector  the connector linked into this test, unless another is given
  /// @param webhook_url  the address that the context names
  /// @throws std::runtime_error with the diagnostics when create() fails.
  explicit FakeHost(Json config, const pb_connector* connector = patchbay_connector_v1(),
                    const std::string& webhook_url = "https://hooks.example.test/webhooks/demo/test")
      : connector_(readDescriptor(connector)), config_(prepared(std::move(config))) {
    const Json context = {{"config", config_}, {"tenant", "demo"}, {"channel", "test"}, {"webhook_url", webhook_url}};
    const std::string text = context.dump();
    const Turn turn = run(0, Kind::kCreate, [&](const pb_call& call) {
      return connector_.create(&host_, detail::str(text), &call, &instance_);
    });
    if (turn.status == PB_OK && instance_) return;
    std::string why = "create() returned " + std::to_string(turn.status);
    if (!turn.refused.empty()) why += "; " + turn.refused;
    for (const Diagnostic& diagnostic : turn.diagnostics) why += "; " + diagnostic.code + ": " + diagnostic.text;
    throw std::runtime_error(why);
  }
  ~FakeHost() {
    if (instance_ && connector_.destroy) connector_.destroy(instance_);
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  /// The clock of the turns that follow. It starts at 2026-01-05T10:00:00Z.
  void setNow(Time now) { now_ = now; }
  Time now() const { return now_; }
  void setAttempt(unsigned attempt) { attempt_ = attempt; }

  Json manifest() const { return parseJson(detail::view(connector_.manifest)); }
  const std::vector<std::string>& log() const { return log_; }

  Turn receive(std::string body) { return receive(Webhook{.body = std::move(body)}); }
  Turn receive(const Webhook& webhook) {
    const std::vector<pb_header> headers = rawHeaders(webhook.headers);
    pb_request request{};
    request.struct_size = sizeof request;
    request.header_count = static_cast<std::uint32_t>(headers.size());
    request.method = detail::str(webhook.method);
    request.suffix = detail::str(webhook.suffix);
    request.query = detail::str(webhook.query);
    request.headers = headers.data();
    request.body = detail::str(webhook.body);
    std::vector<pb_field> fields;
    std::uint64_t files = 0;
    for (const FormItem& field : webhook.fields)
      fields.push_back({detail::str(field.name), detail::str(field.file ? std::string_view() : field.value),
                        detail::str(field.filename), detail::str(field.content_type), field.file ? ++files : 0});
    request.fields = fields.data();
    request.field_count = fields.size();
    return run(0, Kind::kReceive, [&](const pb_call& call) {
      return connector_.receive ? connector_.receive(instance_, &call, &request) : PB_UNSUPPORTED;
    });
  }

  Turn perform(const Json& operation) {
    const std::string text = operation.dump();
    return run(attempt_, Kind::kOperation, [&](const pb_call& call) {
      return connector_.perform ? connector_.perform(instance_, &call, detail::str(text)) : PB_UNSUPPORTED;
    });
  }

  Turn resume(const Json& operation, std::string_view carry, const std::vector<Answer>& answers) {
    const std::string text = operation.dump();
    std::vector<std::vector<pb_header>> headers;
    std::vector<pb_response> responses;
    headers.reserve(answers.size());
    for (const Answer& answer : answers) {
      headers.push_back(rawHeaders(answer.headers));
      pb_response response{};
      response.struct_size = sizeof response;
      response.header_count = static_cast<std::uint32_t>(headers.back().size());
      response.headers = headers.back().data();
      response.status = answer.status;
      response.failure = answer.failure;
      response.body = detail::str(answer.body);
      response.blob = answer.blob;
      response.error = detail::str(answer.error);
      responses.push_back(response);
    }
    std::vector<const pb_response*> pointers;
    for (const pb_response& response : responses) pointers.push_back(&response);
    const bool polling = operation.value("kind", "") == "poll";
    return run(attempt_, polling ? Kind::kPoll : Kind::kOperation, [&](const pb_call& call) {
      return connector_.resume ? connector_.resume(instance_, &call, detail::str(text), detail::str(carry),
                                                   pointers.data(), pointers.size())
                               : PB_UNSUPPORTED;
    });
  }

  Turn poll(std::string_view cursor) {
    return run(0, Kind::kPoll, [&](const pb_call& call) {
      return connector_.poll ? connector_.poll(instance_, &call, detail::str(cursor)) : PB_UNSUPPORTED;
    });
  }

  /// A whole operation: perform(), then resume() with what `provider` answers, until there is a result or a turn fails.
  /// `made`, when given, collects every request in order. Every answer goes to resume(), a lost one of an unsafe
  /// request too, where the host would end the operation as unknown.
  Turn runOperation(const Json& operation, const std::function<Answer(const Json& request)>& provider,
                    std::vector<Json>* made = nullptr) {
    Turn turn = perform(operation);
    bool unsafe_answered = false;
    for (int step = 0; turn.ok() && !turn.result && !turn.requests.empty(); ++step) {
      if (step == 200) throw std::runtime_error("an operation of more than 200 steps");
      if (unsafe_answered && !turn.carry)
        return failed(std::move(turn),
                      "a step without a carry after an unsafe request was answered: it could only be made "
                      "again from the start");
      std::vector<Answer> answers;
      for (const Json& request : turn.requests) {
        if (made) made->push_back(request);
        answers.push_back(provider(request));
        unsafe_answered |= isUnsafe(request) && answers.back().failure == PB_ANSWERED;
      }
      turn = resume(operation, turn.carry.value_or(""), answers);
    }
    return turn;
  }

 private:
  enum class Kind { kCreate, kReceive, kOperation, kPoll };

  /// What the callbacks of one turn write to; pb_call.host_data.
  struct Sink {
    FakeHost* host = nullptr;
    Turn turn = {};
    Kind kind = Kind::kOperation;
    std::uint64_t blob_bytes = 0;

    /// The first refusal is the one that explains.
    void refuse(const std::string& why) {
      if (turn.refused.empty()) turn.refused = why;
    }
  };

  static constexpr std::uint64_t kMaxBlobBytes = 64U << 20U;  // connector.h, pb_blob_fn
  static constexpr std::size_t kMaxBlobs = 1000;
  static constexpr std::size_t kMaxCarry = 64U << 10U;   // connector.h, PB_EMIT_CARRY
  static constexpr std::uint32_t kFirstDescriptor = 88;  // connector.h, size of pb_connector in 1.0

  static pb_connector readDescriptor(const pb_connector* theirs) {
    if (!theirs) throw std::runtime_error("patchbay_connector_v1() returned null");
    if (theirs->struct_size < kFirstDescriptor)
      throw std::runtime_error("the descriptor says struct_size " + std::to_string(theirs->struct_size) +
                               ", and ABI 1.0 has 88 bytes; set it to sizeof(pb_connector)");
    const pb_connector ours = detail::readStruct(*theirs);
    if (!ours.create) throw std::runtime_error("a connector has create()");
    return ours;
  }

  Json prepared(Json config) const {
    const Json properties = manifest().at("config").at("properties");
    for (const auto& [key, schema] : properties.items()) {
      if (!config.contains(key) && schema.contains("default")) config[key] = schema.at("default");
      if (config.contains(key) && schema.value("x-secret", false)) config[key] = "{{secret:" + key + "}}";
    }
    return config;
  }

  static std::vector<pb_header> rawHeaders(const std::vector<std::pair<std::string, std::string>>& headers) {
    std::vector<pb_header> raw;
    for (const auto& [name, value] : headers) raw.push_back({detail::str(name), detail::str(value)});
    return raw;
  }

  template <class Body>
  Turn run(unsigned attempt, Kind kind, Body body) {
    Sink sink{.host = this, .kind = kind};
    pb_call call{};
    call.struct_size = sizeof call;
    call.attempt = attempt;
    call.now_ms = now_.time_since_epoch().count();
    call.deadline_ms = call.now_ms + 2000;
    call.trace_id = detail::str("test");
    for (unsigned i = 0; i < sizeof call.random; ++i) call.random[i] = static_cast<std::uint8_t>(i);
    call.host_data = &sink;
    call.emit = &onEmit;
    call.blob = &onBlob;
    call.diag = &onDiag;
    sink.turn.status = body(call);
    Turn turn = std::move(sink.turn);
    if (!turn.ok()) return withoutEffects(std::move(turn));
    if (!turn.refused.empty()) return failed(std::move(turn), {});
    if (!connector_.resume && !turn.requests.empty())
      return failed(std::move(turn), "requests of a connector without resume(), which gets their answers");
    if (kind != Kind::kOperation) return turn;
    if (turn.result && !turn.requests.empty()) return failed(std::move(turn), "a result and requests in one turn");
    if (!turn.result && turn.requests.empty()) return failed(std::move(turn), "neither a result nor requests");
    return turn;
  }

  static Turn withoutEffects(Turn turn) {
    Turn rest;
    rest.status = turn.status;
    rest.diagnostics = std::move(turn.diagnostics);
    rest.refused = std::move(turn.refused);
    return rest;
  }

  /// The turn broke a rule of the host's, whatever it says of itself.
  static Turn failed(Turn turn, std::string why) {
    turn.status = PB_BUG;
    if (turn.refused.empty()) turn.refused = std::move(why);
    return withoutEffects(std::move(turn));
  }

  static bool isUnsafe(const Json& request) { return request.at("repeat") == "unsafe"; }

  static std::int32_t onEmit(const pb_call* call, std::uint32_t kind, pb_str json) noexcept {
    Sink& sink = *static_cast<Sink*>(call->host_data);
    try {
      checkLegal(sink.kind, kind);
      if (json.data == nullptr && json.size > 0) throw std::runtime_error("a null pointer with a length");
      if (kind == PB_EMIT_CARRY) {
        if (json.size > kMaxCarry) throw std::runtime_error("carry is over 64 KiB");
        if (sink.turn.carry) throw std::runtime_error("a turn has one carry");
        sink.turn.carry = std::string(detail::view(json));
        return PB_OK;
      }
      take(sink, kind, parseJson(detail::view(json)));
      return PB_OK;
    } catch (const std::exception& error) {
      sink.refuse(error.what());
      return PB_INVALID_INPUT;
    }
  }

  /// @throws std::runtime_error when this kind of turn may not have that effect.
  static void checkLegal(Kind turn, std::uint32_t effect) {
    if (turn == Kind::kCreate) throw std::runtime_error("create() has no effects");
    if (effect == PB_EMIT_REPLY && turn != Kind::kReceive) throw std::runtime_error("a reply comes from receive()");
    if (effect == PB_EMIT_RESULT && turn != Kind::kOperation && turn != Kind::kPoll)
      throw std::runtime_error("a result comes from perform(), poll() and resume()");
    if (effect == PB_EMIT_CURSOR && turn != Kind::kPoll) throw std::runtime_error("a cursor comes from poll()");
    if (effect == PB_EMIT_NEXT_POLL && turn != Kind::kPoll) throw std::runtime_error("next_poll comes from poll()");
  }

  static void take(Sink& sink, std::uint32_t kind, Json json) {
    Turn& turn = sink.turn;
    switch (kind) {
      case PB_EMIT_EVENT:
        if (json.contains("mime") && sink.kind == Kind::kReceive &&
            !turn.blobs.contains(json.at("mime").get<std::uint64_t>()))
          throw std::runtime_error("mime names a blob that this turn does not have");
        turn.events.push_back(std::move(json));
        return;
      case PB_EMIT_REPLY:
        if (turn.reply) throw std::runtime_error("a turn has one reply");
        turn.reply = std::move(json);
        return;
      case PB_EMIT_REQUEST: {
        if (isUnsafe(json) && std::any_of(turn.requests.begin(), turn.requests.end(), isUnsafe))
          throw std::runtime_error("two unsafe requests in one step");
        turn.requests.push_back(std::move(json));
        return;
      }
      case PB_EMIT_RESULT:
        if (turn.result) throw std::runtime_error("a turn has one result");
        turn.result = std::move(json);
        return;
      case PB_EMIT_CURSOR:
        if (turn.cursor) throw std::runtime_error("a turn has one cursor");
        turn.cursor = json.at("cursor").get<std::string>();
        return;
      case PB_EMIT_NEXT_POLL:
        if (turn.next_poll_ms) throw std::runtime_error("a turn has one next_poll");
        turn.next_poll_ms = json.at("after_ms").get<std::int64_t>();
        return;
      case PB_EMIT_THROTTLE:
        turn.throttles.push_back(std::move(json));
        return;
      default:
        throw std::runtime_error("no effect has the kind " + std::to_string(kind));
    }
  }

  static std::int32_t onBlob(const pb_call* call, const void* bytes, std::uint64_t size, std::uint64_t* id) noexcept {
    Sink& sink = *static_cast<Sink*>(call->host_data);
    if (sink.kind == Kind::kCreate || (!bytes && size > 0)) return PB_INVALID_INPUT;
    if (size > kMaxBlobBytes - sink.blob_bytes || sink.turn.blobs.size() >= kMaxBlobs) return PB_REJECTED;
    sink.blob_bytes += size;
    *id = ++sink.host->last_blob_;
    sink.turn.blobs[*id] = std::string(static_cast<const char*>(bytes), size);
    return PB_OK;
  }

  static std::int32_t onDiag(const pb_call* call, std::uint32_t severity, pb_str code, pb_str pointer,
                             pb_str text) noexcept {
    Sink& sink = *static_cast<Sink*>(call->host_data);
    sink.turn.diagnostics.push_back({severity, std::string(detail::view(code)), std::string(detail::view(pointer)),
                                     std::string(detail::view(text))});
    return PB_OK;
  }

  static void onLog(const pb_host* host, std::uint32_t, pb_str text) {
    static_cast<FakeHost*>(host->host_data)->log_.emplace_back(detail::view(text));
  }

  pb_host host_{sizeof(pb_host), PB_ABI_MINOR, this, &onLog};
  pb_connector connector_;
  Json config_;
  pb_instance* instance_ = nullptr;
  Time now_{std::chrono::milliseconds(1767607200000)};  // 2026-01-05T10:00:00Z
  unsigned attempt_ = 1;
  std::uint64_t last_blob_ = 1000;  // above the ids that tests give to their own blobs
  std::vector<std::string> log_;
};

}  // namespace patchbay::testing
