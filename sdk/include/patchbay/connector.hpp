/// The C++ layer over connector.h: write one class and one macro line, and the library is a connector.
///
///     class Acme {
///      public:
///       explicit Acme(const patchbay::Context& context);             // a channel comes to life; throw to refuse it
///       patchbay::Received receive(const patchbay::Request&, const patchbay::Call&);
///       patchbay::Step perform(const patchbay::Operation&, const patchbay::Call&);
///       patchbay::Step resume(const patchbay::Operation&, const patchbay::Carry&,
///                             std::span<const patchbay::Response>, const patchbay::Call&);
///       patchbay::Step poll(std::string_view cursor, const patchbay::Call&);
///     };
///     PATCHBAY_CONNECTOR(Acme);
///
/// Each member function is optional; what is not there is "not supported". Requests need resume(), which gets their
/// answers, those of a poll too. Make them const, and the class has no state between turns, which
/// is what "reentrant": true in the manifest promises.
///
/// An exception ends its turn, and the host drops the turn's effects: TurnError with the status it names; JsonError and
/// the exceptions of nlohmann/json (whose text names the path of the value) as PB_INVALID_INPUT; any other as PB_BUG.
#pragma once

#include <patchbay/connector.h>

#include <concepts>
#include <exception>
#include <memory>
#include <patchbay/event.hpp>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <patchbay/lenient.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>
#include <patchbay/turn.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace patchbay::detail {

template <class T>
concept Receives = requires(T& connector, const Request& request, const Call& call) {
  { connector.receive(request, call) } -> std::convertible_to<Received>;
};
template <class T>
concept Performs = requires(T& connector, const Operation& operation, const Call& call) {
  { connector.perform(operation, call) } -> std::convertible_to<Step>;
};
template <class T>
concept Resumes = requires(T& connector, const Operation& operation, const Carry& carry,
                           std::span<const Response> responses, const Call& call) {
  { connector.resume(operation, carry, responses, call) } -> std::convertible_to<Step>;
};
template <class T>
concept Polls = requires(T& connector, std::string_view cursor, const Call& call) {
  { connector.poll(cursor, call) } -> std::convertible_to<Step>;
};

/// Which of the functions a class names, in whatever form: overloaded, private or with other parameters. Found by
/// making the name ambiguous, since a private or overloaded member looks like a missing one otherwise. Not for final
/// classes.
struct OtherNames {
  int receive, perform, resume, poll;
};
template <class T>
struct WithOtherNames : T, OtherNames {};
template <class T, bool final = std::is_final_v<T>>
struct Names {
  static constexpr bool receive = !requires { &WithOtherNames<T>::receive; };
  static constexpr bool perform = !requires { &WithOtherNames<T>::perform; };
  static constexpr bool resume = !requires { &WithOtherNames<T>::resume; };
  static constexpr bool poll = !requires { &WithOtherNames<T>::poll; };
};
template <class T>
struct Names<T, true> {
  static constexpr bool receive = requires { &T::receive; };
  static constexpr bool perform = requires { &T::perform; };
  static constexpr bool resume = requires { &T::resume; };
  static constexpr bool poll = requires { &T::poll; };
};

inline void emitRequests(const Call& call, const std::vector<HttpRequest>& requests) {
  for (const HttpRequest& request : requests) call.emit(PB_EMIT_REQUEST, dumpJson(request.toJson()));
}

/// An event that breaks a rule goes out as "unparsed": refused by the host, it would take the others with it.
inline void emitEvents(const Call& call, const std::vector<Event>& events) {
  for (const Event& event : events) {
    Json json = event.toJson();
    if (const auto why = brokenRule(event)) {
      Event unparsed = Event::unparsed(dumpJson(json), event.kind + ": " + *why, event.timestamp.value_or(call.now()));
      if (utf8Repaired(event.account).size() <= 200) unparsed.account = event.account;
      json = unparsed.toJson();
    }
    call.emit(PB_EMIT_EVENT, dumpJson(json));
  }
}

inline void emitThrottles(const Call& call, const std::vector<Throttle>& throttles) {
  for (const Throttle& throttle : throttles)
    call.emit(PB_EMIT_THROTTLE, dumpJson({{"scope", toString(throttle.scope)}, {"until", rfc3339(throttle.until)}}));
}

inline std::int32_t emitAll(const Call& call, const Received& received) {
  emitEvents(call, received.events);
  if (received.reply)
    call.emit(PB_EMIT_REPLY, dumpJson({{"status", received.reply->status},
                                       {"content_type", received.reply->content_type},
                                       {"body", received.reply->body}}));
  emitRequests(call, received.requests);
  if (!received.carry.empty()) call.emit(PB_EMIT_CARRY, received.carry);
  emitThrottles(call, received.throttles);
  const bool nothing =
      received.events.empty() && !received.reply && received.requests.empty() && received.throttles.empty();
  return nothing ? PB_IGNORED : PB_OK;
}

inline std::int32_t emitAll(const Call& call, const Step& step) {
  if (step.unsupported_because) {
    call.warn("unsupported", *step.unsupported_because);
    return PB_UNSUPPORTED;
  }
  emitEvents(call, step.events);
  emitRequests(call, step.requests);
  if (!step.carry.empty()) call.emit(PB_EMIT_CARRY, step.carry);
  emitThrottles(call, step.throttles);
  if (step.result) call.emit(PB_EMIT_RESULT, dumpJson(step.result->toJson()));
  if (step.cursor) call.emit(PB_EMIT_CURSOR, dumpJson({{"cursor", *step.cursor}}));
  if (step.next_poll) call.emit(PB_EMIT_NEXT_POLL, dumpJson({{"after_ms", step.next_poll->count()}}));
  return PB_OK;
}

/// Runs a turn's body; nothing thrown leaves it.
template <class Body>
std::int32_t guarded(const pb_call* raw, Body body) noexcept {
  const auto report = [raw](std::int32_t status, std::string_view code, std::string_view text,
                            std::string_view pointer = {}) noexcept {
    try {
      Call(*raw).diag(PB_ERROR, code, text, pointer);
    } catch (...) {  // a host whose diag() throws has broken the contract; the status still tells
    }
    return status;
  };
  try {
    return body(Call(*raw));
  } catch (const TurnError& error) {
    return report(error.status(), error.code(), error.what(), error.pointer());
  } catch (const JsonError& error) {
    return report(PB_INVALID_INPUT, "invalid_json", error.what());
  } catch (const Json::exception& error) {
    return report(PB_INVALID_INPUT, "unexpected_json", error.what());
  } catch (const std::exception& error) {
    return report(PB_BUG, "exception", error.what());
  } catch (...) {
    return report(PB_BUG, "exception", "an exception that is not a std::exception");
  }
}

/// The C functions of one connector class.
template <class T>
struct Thunks {
  static_assert(std::constructible_from<T, const Context&>,
                "a connector is constructed from its context: public: explicit Acme(const patchbay::Context&)");
  // A function that is there in a wrong form is what the next ones tell of.
  static_assert(Receives<T> || Performs<T> || Polls<T> || Names<T>::receive || Names<T>::perform || Names<T>::poll,
                "a connector has at least receive(), perform() or poll(); see patchbay/connector.hpp for their forms");
  static_assert(Receives<T> || !Names<T>::receive,
                "receive() must be: public: Received receive(const Request&, const Call&)");
  static_assert(Performs<T> || !Names<T>::perform,
                "perform() must be: public: Step perform(const Operation&, const Call&)");
  static_assert(Polls<T> || !Names<T>::poll, "poll() must be: public: Step poll(std::string_view cursor, const Call&)");
  static_assert(Resumes<T> || !Names<T>::resume,
                "resume() must be: public: Step resume(const Operation&, const Carry&, std::span<const Response>, "
                "const Call&)");
  static_assert(!Polls<T> || Resumes<T>, "poll() makes requests, and resume() gets their answers: write it too");

  /// What a pb_instance* points to. The context lives as long as the connector, which may keep a reference to it.
  struct Instance {
    explicit Instance(Context its_context) : context(std::move(its_context)), connector(std::as_const(context)) {}
    Context context;
    T connector;
  };

  static T& self(pb_instance* instance) { return reinterpret_cast<Instance*>(instance)->connector; }

  static std::int32_t create(const pb_host* host, pb_str context, const pb_call* call,
                             pb_instance** instance) noexcept {
    return guarded(call, [&](const Call&) {
      auto created = std::make_unique<Instance>(Context(parseJson(view(context)), host));
      *instance = reinterpret_cast<pb_instance*>(created.release());
      return PB_OK;
    });
  }

  static void destroy(pb_instance* instance) noexcept { delete reinterpret_cast<Instance*>(instance); }

  static std::int32_t receive(pb_instance* instance, const pb_call* call, const pb_request* request) noexcept {
    return guarded(call, [&](const Call& turn) {
      return emitAll(turn, Received(self(instance).receive(Request(*request), turn)));
    });
  }

  static std::int32_t perform(pb_instance* instance, const pb_call* call, pb_str operation) noexcept {
    return guarded(call, [&](const Call& turn) {
      return emitAll(turn, Step(self(instance).perform(Operation(parseJson(view(operation))), turn)));
    });
  }

  static std::int32_t resume(pb_instance* instance, const pb_call* call, pb_str operation, pb_str carry,
                             const pb_response* const* responses, std::uint64_t count) noexcept {
    return guarded(call, [&](const Call& turn) {
      std::vector<Response> answers;
      answers.reserve(count);
      for (std::uint64_t i = 0; i < count; ++i) answers.emplace_back(readStruct(*responses[i]));
      return emitAll(turn, Step(self(instance).resume(Operation(parseJson(view(operation))), Carry(view(carry)),
                                                      std::span<const Response>(answers), turn)));
    });
  }

  static std::int32_t poll(pb_instance* instance, const pb_call* call, pb_str cursor) noexcept {
    return guarded(call,
                   [&](const Call& turn) { return emitAll(turn, Step(self(instance).poll(view(cursor), turn))); });
  }

  static pb_connector descriptor(std::string_view manifest) {
    pb_connector connector{};
    connector.struct_size = sizeof(pb_connector);
    connector.abi_minor_built = PB_ABI_MINOR;
    if constexpr (requires { T::kNeedsAbiMinor; }) connector.abi_minor_needed = T::kNeedsAbiMinor;
    connector.manifest = str(manifest);
    connector.create = &create;
    connector.destroy = &destroy;
    if constexpr (Receives<T>) connector.receive = &receive;
    if constexpr (Performs<T>) connector.perform = &perform;
    if constexpr (Resumes<T>) connector.resume = &resume;
    if constexpr (Polls<T>) connector.poll = &poll;
    return connector;
  }
};

}  // namespace patchbay::detail

extern "C" {
extern const unsigned char patchbay_manifest[];  // made from manifest.json by patchbay_add_connector()
extern const unsigned long long patchbay_manifest_size;
}

/// Makes `Type` the connector of this library. Once, at the end of one source file, outside any namespace.
#define PATCHBAY_CONNECTOR(Type)                                                                               \
  extern "C" PB_EXPORT const pb_connector* patchbay_connector_v1(void) {                                       \
    static const pb_connector descriptor = ::patchbay::detail::Thunks<Type>::descriptor(                       \
        {reinterpret_cast<const char*>(patchbay_manifest), static_cast<std::size_t>(patchbay_manifest_size)}); \
    return &descriptor;                                                                                        \
  }                                                                                                            \
  static_assert(true, "so that a semicolon may follow")
