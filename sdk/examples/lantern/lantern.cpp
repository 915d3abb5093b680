// Lantern Chat, a messenger of our imagination: a connector in C++. README.md has what goes over the wire.
#include <patchbay/connector.hpp>
#include <patchbay/split_text.hpp>

namespace {

using namespace patchbay;  // one file, and everything in it is about the SDK

constexpr std::size_t kMaxText = 280;  // code points, as Lantern counts

/// {"id", "from": {"id", "name"?}, "text", "answers"?, "at"}
Event readMessage(const Json& item, const Call& call) {
  const Json& sender = item.at("from");
  Event event = Event::message(item.at("id"), {"lantern", sender.at("id"), sender.value("name", "")}, "text",
                               fromUnix(item.at("at")).value_or(call.now()));
  event.text = item.at("text");
  event.reply_to = item.value("answers", "");
  return event;
}

/// {"id", "state": "shone" | "seen" | "fogged", "at"}
Event readState(const Json& item, const Call& call) {
  const std::string state = item.at("state");
  const Time at = fromUnix(item.at("at")).value_or(call.now());
  if (state == "shone") return Event::statusOf(item.at("id"), "delivered", at);
  if (state == "seen") return Event::statusOf(item.at("id"), "read", at);
  if (state != "fogged") throw std::invalid_argument("no state is called " + state);
  Event event = Event::statusOf(item.at("id"), "failed", at);
  event.error = {.error_class = "recipient", .code = "fogged", .text = "the light did not get through"};
  return event;
}

/// What {"code", "reason"} of an answer means: README.md has Lantern's table.
Failure whyNot(const Response& answer) {
  const Json body = answer.json().value_or(Json());
  const auto code = wholeOf(body, "code").value_or(0);
  Failure failure{ErrorClass::kRequest, std::to_string(code != 0 ? code : answer.status()), textOf(body, "reason")};
  if (failure.text.empty()) failure.text = "Lantern gave no reason";
  if (answer.status() >= 500) failure.error_class = ErrorClass::kTransient;
  if (code == 10) failure.error_class = ErrorClass::kAuth;
  if (code == 20 || code == 21) failure.error_class = ErrorClass::kRecipient;
  if (code == 30) {
    failure.error_class = ErrorClass::kRateLimited;
    failure.retry_after = std::chrono::seconds(30);
    failure.scope = Scope::kChannel;
  }
  return failure;
}

class Lantern {
 public:
  explicit Lantern(const Context& context)
      : url_(context.setting("base_url") + "/harbours/" + context.setting("harbour") + "/lights") {}

  Received receive(const Request& request, const Call& call) const {
    const Json body = request.json();
    const std::string harbour = body.at("harbour");
    Received received;
    for (const Json& item : body.at("events")) {
      try {
        const std::string what = item.at("what");
        if (what == "weather") continue;  // nobody here minds
        received.events.push_back(what == "state" ? readState(item, call) : readMessage(item, call));
      } catch (const std::exception& error) {
        received.events.push_back(Event::unparsed(dumpJson(item), error.what(), call.now()));
      }
      received.events.back().account = harbour;
    }
    return received;
  }

  Step perform(const Operation& operation, const Call&) const {
    if (operation.kind() != "message") return Step::unsupported(operation.kind());
    if (operation.type() != "text") return Step::unsupported("messages of type " + operation.type());
    if (operation.body().empty()) return Result::failed(ErrorClass::kRequest, "", "Lantern takes no empty text");
    return part(operation, {});
  }

  /// The carry has the ids of the parts that have left, so a step that is made again begins where it was.
  Step resume(const Operation& operation, const Carry& carry, std::span<const Response> responses, const Call&) const {
    std::vector<std::string> sent;
    if (!carry.empty()) sent = carry.json().get<std::vector<std::string>>();
    if (responses.empty()) return part(operation, sent);
    const Response& answer = responses[0];
    if (const auto id = textOf(answer.json().value_or(Json()), "id"); answer.ok() && !id.empty()) {
      sent.push_back(id);
      return sent.size() == parts(operation).size() ? Step(Result::sent(sent)) : part(operation, sent);
    }
    Failure failure{ErrorClass::kUnknown, "", "no answer that says whether it was sent"};
    if (answer.failure() == PB_NOT_SENT) failure = {ErrorClass::kTransient, "", std::string(answer.error())};
    if (answer.answered() && answer.status() >= 400) failure = whyNot(answer);
    if (sent.empty()) return Result::failed(failure);
    Step step = Result::partial(sent, failure);
    step.carry = dumpJson(sent);
    return step;
  }

 private:
  static std::vector<std::string> parts(const Operation& operation) {
    return splitText(operation.body(), kMaxText, TextUnit::kCodePoints);
  }

  /// The request for the first part that has not left.
  Step part(const Operation& operation, const std::vector<std::string>& sent) const {
    const auto all = parts(operation);
    Json light = {{"to", operation.to().address}, {"text", all.at(sent.size())}};
    if (sent.empty() && !operation.replyTo().empty()) light["answers"] = operation.replyTo();
    HttpRequest request = HttpRequest::post(url_).json(light).bearer("token");
    if (sent.size() + 1 == all.size()) request.completes();
    return {request, dumpJson(sent)};
  }

  std::string url_;
};

}  // namespace

PATCHBAY_CONNECTOR(Lantern);
