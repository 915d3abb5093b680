#include "meta/ask.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/graph_error.hpp"
#include "meta/pace.hpp"
#include "meta/plan.hpp"
#include "meta/send_errors.hpp"

namespace patchbay::meta {
namespace {

/// A sender action is a request of its own, never beside a message, and is answered without a message_id. All of them
/// may be made twice.
Step actionStep(const Account& account, const Operation& operation, const char* action, Json payload = {}) {
  Json body = {{"recipient", recipientOf(account, operation)}, {"sender_action", action}};
  if (!payload.is_null()) body["payload"] = std::move(payload);
  return authorised(
      account, std::move(HttpRequest::post(urlOf(account, account.node + "/messages")).json(std::move(body)).safe()));
}

bool isHeart(std::string_view emoji) {
  return emoji == "\u2764" || emoji == "\u2764\uFE0F" || emoji == "love";
}

Step reactionStep(const Account& account, const Operation& operation) {
  const Json& emoji = operation.json().at("emoji");
  Json payload = {{"message_id", operation.messageId()}};
  if (emoji.is_null()) return actionStep(account, operation, "unreact", std::move(payload));
  std::string reaction = emoji.get<std::string>();
  if (account.only_love) {
    if (!isHeart(reaction))
      throw Refused{"with the login by Facebook, Instagram takes the reaction \u2764 alone, not '" + reaction + "'"};
    reaction = "love";
  }
  payload["reaction"] = std::move(reaction);
  return actionStep(account, operation, "react", std::move(payload));
}

/// Is the token good for the account, and does Meta send us webhooks?
Step testStep(const Account& account) {
  std::vector<HttpRequest> requests;
  requests.push_back(
      authorised(account, HttpRequest::get(urlOf(account, account.node) + "?fields=" + account.name_fields)));
  requests.push_back(authorised(account, HttpRequest::get(urlOf(account, account.node + "/subscribed_apps"))));
  return Step(std::move(requests));
}

Step setupStep(const Account& account) {
  return authorised(account, std::move(HttpRequest::post(urlOf(account, account.node + "/subscribed_apps") +
                                                         "?subscribed_fields=" + account.subscribed_fields)
                                           .safe()));
}

/// Whether our app is among the account's. Without app_id nobody knows which is ours, and any will do.
bool isSubscribed(const Account& account, const Json& apps) {
  const auto& list = itemsOf(apps, "data");
  return std::any_of(list.begin(), list.end(),
                     [&](const Json& app) { return account.app_id.empty() || textOf(app, "id") == account.app_id; });
}

Result tested(const Account& settings, std::span<const Response> responses) {
  Json found = Json::object();
  const std::optional<Json> account = responses[0].json();
  for (const char* key : {"id", "name", "username"})
    if (std::string value = textAt(account, ("/" + std::string(key)).c_str()); !value.empty()) found[key] = value;
  if (responses.size() > 1 && responses[1].ok()) {
    const std::optional<Json> apps = responses[1].json();
    const bool subscribed = apps && isSubscribed(settings, *apps);
    found["webhook"] = subscribed ? "subscribed" : "not subscribed: run setup";
  } else {
    found["webhook"] = "unknown: the token may not read the subscription";
  }
  return Result::sent().details(std::move(found));
}

}  // namespace

bool isAsk(std::string_view kind) {
  return kind == "typing" || kind == "read" || kind == "reaction" || kind == "test" || kind == "setup";
}

Step askStep(const Account& account, const Operation& operation) {
  const std::string kind = operation.kind();
  if (kind == "test") return testStep(account);
  if (kind == "setup") return setupStep(account);
  if (kind == "reaction") return reactionStep(account, operation);
  return actionStep(account, operation, kind == "typing" ? "typing_on" : "mark_seen");
}

Step proceedAsk(const Account& account, const Operation& operation, std::span<const Response> responses,
                const Call& call) {
  Step step;
  if (!responses[0].ok()) {
    const Failure failure =
        repeatable(failureOf(responses[0], {call.attempt() > 0 ? call.attempt() - 1 : 0, 0}, &classifySend));
    step = Result::failed(failure);
    heedRate(failure, call.now(), step.throttles);
  } else if (operation.kind() == "test") {
    step = tested(account, responses);
  } else if (operation.kind() == "setup" && !flagOf(responses[0].json().value_or(Json()), "success")) {
    step = Result::failed(ErrorClass::kRequest, "", "Meta did not confirm the subscription");
  } else {
    step = Result::sent();
  }
  heedUsage(responses[0], call.now(), step.throttles);
  return step;
}

}  // namespace patchbay::meta
