// @Name@. Works as it is, with a provider of our imagination: make it yours from the top to the bottom, each change with
// its transcript. The guide is share/patchbay/README.md of the SDK.
#include <patchbay/connector.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace {

using patchbay::Call;
using patchbay::ErrorClass;
using patchbay::Event;
using patchbay::Json;
using patchbay::Response;
using patchbay::Result;
using patchbay::Step;

/// Seconds since 1970; the time of the turn where the provider gives none.
patchbay::Time timeOf(const Json& item, const char* member, const Call& call) {
  return patchbay::fromUnix(item.value(member, Json())).value_or(call.now());
}

/// {"id", "from", "name"?, "text", "sent_at"?}
Event message(const Json& item, const Call& call) {
  const patchbay::Person from{"phone", item.at("from"), item.value("name", "")};
  Event event = Event::message(item.at("id"), from, "text", timeOf(item, "sent_at", call));
  event.text = item.at("text");
  return event;
}

/// {"message_id", "status": "sent" | "delivered" | "read", "at"?}
Event status(const Json& item, const Call& call) {
  const std::string word = item.at("status");
  if (word != "sent" && word != "delivered" && word != "read") throw std::invalid_argument("no such status: " + word);
  return Event::statusOf(item.at("message_id"), word, timeOf(item, "at", call));
}

/// What the provider's refusal means. The host decides what follows from the class: README.md, "Errors".
Result refusal(const Response& answer) {
  patchbay::Failure failure;
  failure.code = std::to_string(answer.status());
  failure.text = patchbay::textOf(answer.json().value_or(Json()), "error");
  if (failure.text.empty()) failure.text = "the provider gave no reason";
  if (answer.status() == 401 || answer.status() == 403) {
    failure.error_class = ErrorClass::kAuth;
  } else if (answer.status() == 429) {
    failure.error_class = ErrorClass::kRateLimited;
    failure.scope = patchbay::Scope::kChannel;
    int seconds = 60;  // where it does not say
    const auto text = answer.header("Retry-After");
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    failure.retry_after = std::chrono::seconds(std::clamp(seconds, 1, 3600));
  } else if (answer.status() >= 500) {
    failure.error_class = ErrorClass::kTransient;
  } else {
    failure.error_class = ErrorClass::kRequest;
  }
  return Result::failed(failure);
}

/// One channel. Nothing changes after construction, so turns may run at the same time ("reentrant" in the manifest).
class @Class@Connector {
 public:
  explicit @Class@Connector(const patchbay::Context& context) : base_url_(context.setting("base_url")) {}

  patchbay::Received receive(const patchbay::Request& request, const Call& call) const {
    const Json body = request.json();
    patchbay::Received received;
    const auto read = [&](const char* member, Event (*one)(const Json&, const Call&)) {
      for (const Json& item : body.value(member, Json::array())) {
        try {
          received.events.push_back(one(item, call));
        } catch (const std::exception& error) {  // this item is odd; the others are not
          received.events.push_back(Event::unparsed(patchbay::dumpJson(item), error.what(), call.now()));
        }
      }
    };
    read("messages", &message);
    read("statuses", &status);
    return received;
  }

  Step perform(const patchbay::Operation& operation, const Call&) const {
    if (operation.kind() != "message") return Step::unsupported(operation.kind());
    if (operation.type() != "text") return Step::unsupported("messages of type " + operation.type());
    return patchbay::HttpRequest::post(base_url_ + "/messages")
        .json({{"to", operation.to().address}, {"text", operation.body()}, {"reference", operation.ref()}})
        .bearer("api_key");
  }

  Step resume(const patchbay::Operation& operation, const patchbay::Carry&, std::span<const Response> responses,
              const Call& call) const {
    if (responses.empty()) return perform(operation, call);  // the host asks for the step again
    const Response& answer = responses[0];
    if (answer.failure() == PB_NOT_SENT) return Result::failed(ErrorClass::kTransient, "", std::string(answer.error()));
    if (answer.answered() && answer.status() >= 400) return refusal(answer);
    const std::string id = patchbay::textOf(answer.json().value_or(Json()), "id");
    if (answer.ok() && !id.empty()) return Result::sent({id});
    return Result::failed(ErrorClass::kUnknown, "", "the answer does not say whether the message was sent");
  }

 private:
  std::string base_url_;
};

}  // namespace

PATCHBAY_CONNECTOR(@Class@Connector);
