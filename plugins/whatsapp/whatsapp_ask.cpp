#include "whatsapp_ask.hpp"

#include <utility>

#include "meta/pace.hpp"
#include "whatsapp_errors.hpp"
#include "whatsapp_plan.hpp"
#include "whatsapp_templates.hpp"

namespace patchbay::whatsapp {
namespace {

constexpr const char* kNumberFields[] = {"display_phone_number", "verified_name", "quality_rating"};

/// Marks a message of the contact as read, and all before it, perhaps with "is typing", which WhatsApp cannot show
/// otherwise. The indicator ends with our answer, or after 25 seconds.
Step readStep(const Account& account, const Operation& operation, bool typing) {
  if (operation.messageId().empty()) throw Refused{"WhatsApp needs the id of the contact's last message here"};
  Json body = {{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", operation.messageId()}};
  if (typing) body["typing_indicator"] = {{"type", "text"}};
  return authorised(
      account, HttpRequest::post(urlOf(account, account.phone_number_id + "/messages")).json(std::move(body)).safe());
}

/// Is the token good for the number, and (where the business account is known) does Meta send us webhooks?
Step testStep(const Account& account) {
  std::vector<HttpRequest> requests;
  requests.push_back(
      authorised(account, HttpRequest::get(urlOf(account, account.phone_number_id) + "?fields=" + kNumberFields[0] +
                                           "," + kNumberFields[1] + "," + kNumberFields[2])));
  if (!account.waba_id.empty())
    requests.push_back(authorised(account, HttpRequest::get(urlOf(account, account.waba_id + "/subscribed_apps"))));
  return Step(std::move(requests));
}

Step setupStep(const Account& account) {
  if (account.waba_id.empty()) throw Refused{"waba_id is needed to subscribe to webhooks"};
  return authorised(account, HttpRequest::post(urlOf(account, account.waba_id + "/subscribed_apps")).safe());
}

Failure failureOfAsk(const Response& response, const Call& call) {
  return meta::repeatable(failureOf(response, {call.attempt() > 0 ? call.attempt() - 1 : 0, 0}));
}

Result tested(const Account& account, std::span<const Response> responses) {
  Json found = Json::object();
  const std::optional<Json> number = responses[0].json();
  for (const char* key : kNumberFields)
    if (std::string value = textAt(number, ("/" + std::string(key)).c_str()); !value.empty()) found[key] = value;
  if (account.waba_id.empty()) {
    found["webhook"] = "unknown: waba_id is not set";
  } else if (responses.size() > 1 && responses[1].ok()) {
    const std::optional<Json> apps = responses[1].json();
    const bool subscribed = apps && apps->is_object() && apps->contains("data") && !apps->at("data").empty();
    found["webhook"] = subscribed ? "subscribed" : "not subscribed: run setup";
  } else {
    found["webhook"] = "unknown: the token may not read the business account";
  }
  return Result::sent().details(std::move(found));
}

}  // namespace

bool isAsk(std::string_view kind) {
  return kind == "read" || kind == "typing" || kind == "test" || kind == "setup" || kind == "templates";
}

Step askStep(const Account& account, const Operation& operation) {
  const std::string kind = operation.kind();
  if (kind == "test") return testStep(account);
  if (kind == "setup") return setupStep(account);
  if (kind == "templates") return templatesStep(account, Carry({}));
  return readStep(account, operation, kind == "typing");
}

Step proceedAsk(const Account& account, const Operation& operation, const Carry& carry,
                std::span<const Response> responses, const Call& call) {
  const std::string kind = operation.kind();
  if (responses.empty()) return kind == "templates" ? templatesStep(account, carry) : askStep(account, operation);
  Step step;
  if (!responses[0].ok()) {
    const Failure failure = failureOfAsk(responses[0], call);
    step = Result::failed(failure);
    meta::heedRate(failure, call.now(), step.throttles);
  } else if (kind == "templates") {
    step = proceedTemplates(account, carry, responses[0], call);
  } else {
    step = kind == "test" ? tested(account, responses) : Result::sent();
  }
  meta::heedUsage(responses[0], call.now(), step.throttles);
  return step;
}

}  // namespace patchbay::whatsapp
