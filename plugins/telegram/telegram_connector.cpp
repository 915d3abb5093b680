// Telegram Bot API. One bot per channel. No state between turns, so reentrant.
#include <patchbay/connector.hpp>
#include <patchbay/lenient.hpp>
#include <string>

#include "telegram_api.hpp"
#include "telegram_ask.hpp"
#include "telegram_media.hpp"
#include "telegram_plan.hpp"
#include "telegram_poll.hpp"
#include "telegram_send.hpp"
#include "telegram_update.hpp"

namespace patchbay::telegram {
namespace {

Account accountOf(const Context& context) {
  const Json& config = context.config();
  Account account;
  account.base_url = context.setting("base_url", "https://api.telegram.org");
  account.token = context.secret("bot_token");
  account.secret = context.setting("webhook_secret", "");
  account.webhook_url = context.webhookUrl();
  account.polls = context.setting("mode", "webhook") == "poll";
  account.allowed_updates = config.value("allowed_updates", std::vector<std::string>{});
  account.max_connections = config.value("max_connections", account.max_connections);
  account.poll_timeout = config.value("poll_timeout", account.poll_timeout);
  account.link_preview = config.value("link_preview", true);
  return account;
}

template <class Body>
Step refusing(Body body) {
  try {
    return body();
  } catch (const Refused& refused) {
    return Result::failed(ErrorClass::kRequest, "", refused.why);
  }
}

class Telegram {
 public:
  explicit Telegram(const Context& context) : account_(accountOf(context)) {}

  Received receive(const Request& request, const Call& call) const {
    UpdateNews news;
    readUpdate(parseJsonLoosely(request.body()), call.now(), news);
    return {.events = std::move(news.events), .requests = answersTo(account_, news.queries)};
  }

  Step perform(const Operation& operation, const Call&) const {
    return refusing([&] { return stepAt(operation, Carry("")); });
  }

  Step poll(std::string_view cursor, const Call&) const { return pollStep(account_, cursor); }

  Step resume(const Operation& operation, const Carry& carry, std::span<const Response> responses,
              const Call& call) const {
    return refusing([&] {
      const std::string kind = operation.kind();
      if (isAsk(kind)) return proceedAsk(account_, operation, carry, responses, call);
      if (responses.empty()) return stepAt(operation, carry);
      const Response& response = responses.front();
      if (isSend(kind)) return proceedSend(account_, operation, carry, response, call);
      if (kind == "media") return proceedMedia(account_, operation, carry, response, call);
      if (kind == "poll") return proceedPoll(account_, operation, carry, response, call);
      if (kind == "receive") return answered(responses, call);
      return stepAt(operation, carry);
    });
  }

 private:
  Step stepAt(const Operation& operation, const Carry& carry) const {
    const std::string kind = operation.kind();
    if (isSend(kind)) return sendStep(account_, operation, carry);
    if (kind == "media") return mediaStep(account_, operation, carry);
    if (isAsk(kind)) return askStep(account_, operation, carry);
    if (kind == "poll") return pollStep(account_, textOf(operation.json(), "cursor"));
    if (kind == "receive") return Result::sent();  // nothing is left to be made again
    return Step::unsupported("the Telegram connector has no operation '" + kind + "'");
  }

  Account account_;
};

}  // namespace
}  // namespace patchbay::telegram

PATCHBAY_CONNECTOR(patchbay::telegram::Telegram);
