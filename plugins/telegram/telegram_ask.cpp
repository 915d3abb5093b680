#include "telegram_ask.hpp"

#include <patchbay/lenient.hpp>
#include <utility>

#include "telegram_plan.hpp"

namespace patchbay::telegram {
namespace {

Step lookStep(const Account& account, std::string carry) {
  std::vector<HttpRequest> both;
  for (const char* method : {"getMe", "getWebhookInfo"}) both.push_back(HttpRequest::get(urlOf(account, method)));
  return Step(std::move(both), std::move(carry));
}

/// Telegram takes the same settings any number of times. The secret goes as a form value: there the host puts it in.
Step registerStep(const Account& account) {
  if (account.polls) return {callOf(account, "deleteWebhook", Json::object()).safe(), "registered"};
  if (account.secret.empty()) throw Refused{"mode 'webhook' needs webhook_secret"};
  return {HttpRequest::post(urlOf(account, "setWebhook"))
              .form("url", account.webhook_url)
              .form("secret_token", account.secret)
              .form("max_connections", std::to_string(account.max_connections))
              .form("allowed_updates", Json(account.allowed_updates).dump())
              .safe(),
          "registered"};
}

Step refused(const Response& response, const Call& call, std::string carry) {
  const Failure failure = failureOf(response, Risk::kSafe, 1);  // it is about no chat, so about the bot
  Step step(Result::failed(failure));
  step.carry = std::move(carry);
  heed(failure, call.now(), step.throttles);
  return step;
}

/// How things stand, in words that say what to do.
std::string verdictOn(const Account& account, const std::string& url) {
  if (account.polls) return url.empty() ? "polling" : "a webhook is set, so polling is refused: run setup";
  if (url == account.webhook_url) return "registered";
  return url.empty() ? "not registered: run setup" : "registered for another address: run setup";
}

Result found(const Account& account, const Json& bot, const ApiAnswer& webhook) {
  Json details = Json::object();
  for (const char* key : {"id", "username", "first_name", "can_join_groups", "can_read_all_group_messages"})
    if (bot.is_object() && bot.contains(key)) details[key] = bot.at(key);
  if (!webhook.ok) return Result::sent().details(std::move(details));
  const Json& info = webhook.result;
  details["webhook"] = verdictOn(account, textOf(info, "url"));
  for (const char* key : {"pending_update_count", "last_error_date", "last_error_message", "max_connections",
                          "allowed_updates", "ip_address"})
    if (info.is_object() && info.contains(key)) details[key] = info.at(key);
  return Result::sent().details(std::move(details));
}

}  // namespace

bool isAsk(std::string_view kind) {
  return kind == "test" || kind == "setup";
}

Step askStep(const Account& account, const Operation& operation, const Carry& carry) {
  return operation.kind() == "setup" && carry.bytes() != "look" ? registerStep(account) : lookStep(account, "look");
}

Step proceedAsk(const Account& account, const Operation& operation, const Carry& carry,
                std::span<const Response> responses, const Call& call) {
  if (responses.empty()) return askStep(account, operation, carry);
  const auto first = readAnswer(responses[0]);
  if (!responses[0].ok() || !first || !first->ok) return refused(responses[0], call, std::string(carry.bytes()));
  if (carry.bytes() == "registered") return lookStep(account, "look");
  return found(account, first->result,
               responses.size() > 1 ? readAnswer(responses[1]).value_or(ApiAnswer{}) : ApiAnswer{});
}

}  // namespace patchbay::telegram
