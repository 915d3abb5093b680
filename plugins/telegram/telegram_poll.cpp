#include "telegram_poll.hpp"

#include <algorithm>
#include <charconv>
#include <patchbay/lenient.hpp>

#include "telegram_update.hpp"

namespace patchbay::telegram {
namespace {

constexpr int kMaxUpdates = 100;                    // the most that Telegram gives at once
constexpr std::uint64_t kMaxAnswer = 16U << 20U;    // bytes of 100 updates
constexpr std::chrono::seconds kNetwork{10};        // on top of the time that Telegram waits for news
constexpr std::size_t kMaxAnswers = 60;             // requests of one turn are bounded
constexpr std::chrono::seconds kAnotherPoller{30};  // until it has been stopped
constexpr std::chrono::seconds kSwitchedMode{300};  // somebody has set a webhook: that is no accident
constexpr std::string_view kWithoutWebhook = "webhook deleted";
constexpr std::string_view kOneByOne = "one at a time";

std::optional<std::int64_t> offsetOf(std::string_view cursor) {
  std::int64_t offset = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), offset);
  if (error != std::errc() || end != cursor.data() + cursor.size() || offset < 0) return std::nullopt;
  return offset;
}

HttpRequest updatesCall(const Account& account, std::string_view cursor, int most = kMaxUpdates) {
  Json kinds = Json::array();
  for (const auto& kind : account.allowed_updates) kinds.push_back(kind);
  Json parameters{{"limit", most}, {"timeout", account.poll_timeout}, {"allowed_updates", std::move(kinds)}};
  if (const auto offset = offsetOf(cursor)) parameters["offset"] = *offset;
  return callOf(account, "getUpdates", std::move(parameters))
      .safe()
      .maxResponse(kMaxAnswer)
      .timeout(std::chrono::seconds(account.poll_timeout) + kNetwork);
}

Step failed(Failure failure, const Call& call) {
  Step step(Result::failed(failure));
  heed(failure, call.now(), step.throttles);
  return step;
}

/// The mode is the operator's word: a webhook that is still set goes. Two pollers with one token, or somebody who sets
/// a webhook, are not for us to settle.
Step inConflict(const Account& account, const ApiAnswer& answer, const Carry& carry, const Call& call) {
  Failure failure{ErrorClass::kTransient, "409", answer.description, kAnotherPoller, Scope::kChannel};
  if (answer.says("terminated by other getupdates")) {
    call.warn("two_pollers", "somebody else polls with this bot's token; only one may");
  } else if (answer.says("terminated by setwebhook")) {
    call.warn("webhook_set", "somebody has set a webhook for this bot while it was polled");
    failure.retry_after = kSwitchedMode;
  } else if (answer.says("webhook is active") && carry.bytes() != kWithoutWebhook) {
    call.warn("webhook_deleted", "a webhook was set for this bot; the channel's mode is poll, so it is deleted");
    return {callOf(account, "deleteWebhook", Json::object()).safe(), std::string(kWithoutWebhook)};
  }
  return failed(std::move(failure), call);
}

Step news(const Account& account, const Operation& operation, const Json& updates, const Call& call) {
  const bool careful = flagOf(operation.json(), "careful");
  UpdateNews found;
  std::int64_t last = -1;
  for (const Json& update : updates) {
    if (careful)
      found.events.push_back(unparsedUpdate(update, "updates of this answer could not be read", call.now()));
    else
      readUpdate(update, call.now(), found);
    last = std::max(last, updateNumber(update).value_or(-1));
  }
  // Without a number nothing can be confirmed, and the same list would come for ever, without a pause.
  if (!updates.empty() && last < 0)
    return failed({ErrorClass::kTransient, "", "getUpdates was answered with updates that have no update_id"}, call);
  Step step;
  step.events = std::move(found.events);
  if (last >= 0) {
    step.cursor = std::to_string(last + 1);
    step.requests = answersTo(account, found.queries);
  }
  // Telegram itself waits when there is nothing; only without that wait the manifest's interval counts.
  if (!updates.empty() || account.poll_timeout > 0) step.next_poll = std::chrono::milliseconds(0);
  return step;
}

}  // namespace

Step pollStep(const Account& account, std::string_view cursor) {
  return updatesCall(account, cursor);
}

Step proceedPoll(const Account& account, const Operation& operation, const Carry& carry, const Response& response,
                 const Call& call) {
  // One update alone always fits; more of them may be too much together.
  if (response.failure() == PB_TOO_LARGE && carry.bytes() != kOneByOne)
    return {updatesCall(account, textOf(operation.json(), "cursor"), 1), std::string(kOneByOne)};
  const auto answer = readAnswer(response);
  if (!response.ok() || !answer || !answer->ok) {
    if (answer && answer->code == 409) return inConflict(account, *answer, carry, call);
    return failed(failureOf(response, Risk::kSafe, 1), call);
  }
  if (carry.bytes() == kWithoutWebhook && answer->result.is_boolean())
    return {updatesCall(account, textOf(operation.json(), "cursor")), std::string(kWithoutWebhook)};
  if (!answer->result.is_array())
    return failed({ErrorClass::kTransient, "", "getUpdates was answered without a list of updates"}, call);
  return news(account, operation, answer->result, call);
}

std::vector<HttpRequest> answersTo(const Account& account, const std::vector<std::string>& queries) {
  std::vector<HttpRequest> requests;
  for (std::size_t i = 0; i < std::min(queries.size(), kMaxAnswers); ++i)
    requests.push_back(callOf(account, "answerCallbackQuery", {{"callback_query_id", queries[i]}}).safe());
  return requests;
}

Step answered(std::span<const Response> responses, const Call& call) {
  for (const Response& response : responses) {
    const auto answer = readAnswer(response);
    if (answer && answer->ok) continue;
    const Failure failure = failureOf(response, Risk::kSafe);
    const bool again = failure.error_class == ErrorClass::kTransient || failure.error_class == ErrorClass::kRateLimited;
    if (again) return failed(failure, call);
    if (failure.error_class == ErrorClass::kAuth) return Result::failed(failure);
  }
  return Result::sent();  // "query is too old" is no failure: the button has stopped by itself
}

}  // namespace patchbay::telegram
