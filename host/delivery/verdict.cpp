#include "delivery/verdict.hpp"

#include <algorithm>

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;
using Kind = Verdict::Kind;

/// The connector's word, or ours where it has none.
struct Said {
  std::string error_class, code, text, scope;
  std::optional<milliseconds> retry_after;
  std::vector<std::string> ids;
  bool sent = false;
  bool partial = false;
};

/// What a turn without a result means. After an unsafe request was answered, a connector that cannot say what the
/// answer means leaves only "unknown": to make the step again would be to send twice.
std::string classOfStatus(std::int32_t status, const Ending& ending) {
  switch (status) {
    case PB_AUTH:
      return "auth";
    case PB_RATE_LIMITED:
      return "rate_limited";
    case PB_TRANSIENT:
      return "transient";
    case PB_REJECTED:
      return "request";
    case PB_UNSUPPORTED:
      return "unsupported";
    case PB_INVALID_INPUT:
      if (!ending.last) return "request";  // the operation itself
      [[fallthrough]];
    default:
      return ending.unsafe_answered ? "unknown" : "transient";
  }
}

Said listen(const Ending& ending) {
  Said said;
  if (ending.lost) {
    said.error_class = "unknown";
    said.code = "no_answer";
    said.text = ending.error;
    return said;
  }
  if (ending.status != PB_OK) {
    said.error_class = classOfStatus(ending.status, ending);
    said.code = std::string(connectors::statusName(ending.status));
    said.text = ending.error;
  } else {
    const Json& result = *ending.result;
    said.sent = result.at("status") == "sent";
    said.partial = result.at("status") == "partial";
    said.ids = result.value("ids", std::vector<std::string>{});
    if (const auto error = result.find("error"); error != result.end()) {
      said.error_class = error->value("class", "unknown");
      said.code = error->value("code", "");
      said.text = error->value("text", "");
      said.scope = error->value("scope", "");
      if (error->contains("retry_after"))
        said.retry_after = milliseconds{static_cast<std::int64_t>((*error)["retry_after"].get<double>() * 1000)};
    }
  }
  // Never sent is never unknown, whoever says so.
  if (said.error_class == "unknown" && ending.unsafe_not_sent) said.error_class = "transient";
  // What was refused for what it is will be refused again, however often, and the recipient's next messages wait.
  if (said.error_class == "transient" && ending.refused) said.error_class = "request";
  if (!said.retry_after && ending.retry_after) said.retry_after = *ending.retry_after;
  return said;
}

}  // namespace

Pause::Scope scopeOf(std::string_view word) {
  return word == "account"   ? Pause::Scope::kAccount
         : word == "channel" ? Pause::Scope::kChannel
                             : Pause::Scope::kRecipient;
}

milliseconds backoff(milliseconds first, milliseconds longest, int failures, double luck) {
  const auto whole = std::min<std::int64_t>(longest.count(), first.count() << std::clamp(failures - 1, 0, 30));
  return milliseconds{whole / 2 + static_cast<std::int64_t>(static_cast<double>(whole - whole / 2) * luck)};
}

connectors::EventError expiredError(const connectors::EventError& last) {
  connectors::EventError error{"expired", last.code, "it could not be sent within its time to live"};
  if (!last.error_class.empty()) error.text += "; last: " + last.error_class + ", " + last.text;
  return error;
}

Verdict judge(const Ending& ending, const SendState& state, const RetryPolicy& policy, Timestamp now, double luck) {
  Said said = listen(ending);
  Verdict verdict;
  verdict.attempt = state.attempt + 1;
  verdict.deferrals = state.deferrals;
  verdict.ids = std::move(said.ids);
  verdict.partial = said.partial;
  for (const auto& throttle : ending.throttles)
    if (throttle.until > now) verdict.pauses.push_back({scopeOf(throttle.scope), throttle.until});
  if (said.sent) return verdict;

  verdict.error = {said.error_class, said.code, said.text};
  if (said.error_class == "unknown") {
    verdict.kind = Kind::kUnknown;
    verdict.retry_at = now + policy.hold;
    return verdict;
  }
  verdict.kind = Kind::kRetry;
  const auto later = [&](int failures) {
    const auto pause = backoff(policy.first, policy.longest, failures, luck);
    return now + (said.retry_after ? std::max(*said.retry_after, milliseconds{1}) : pause);
  };
  if (said.error_class == "transient") {
    verdict.retry_at = later(verdict.attempt);
    if (verdict.attempt >= policy.max_attempts) {
      verdict.kind = Kind::kFailed;
      verdict.error.text += " (given up after " + std::to_string(verdict.attempt) + " tries)";
    }
  } else if (said.error_class == "rate_limited") {
    verdict.attempt = state.attempt;
    verdict.deferrals = state.deferrals + 1;
    verdict.retry_at = later(verdict.deferrals);
    // A throttle effect may know the time better than the result.
    for (const auto& pause : verdict.pauses) verdict.retry_at = std::max(verdict.retry_at, pause.until);
    if (const auto scope = scopeOf(said.scope); scope != Pause::Scope::kRecipient)
      verdict.pauses.push_back({scope, verdict.retry_at});
  } else if (said.error_class == "auth" || said.error_class == "account") {
    verdict.attempt = state.attempt;
    verdict.deferrals = state.deferrals + 1;
    verdict.retry_at = now + (said.retry_after ? *said.retry_after
                                               : backoff(policy.channel_pause, policy.longest_channel_pause,
                                                         state.channel_pauses + 1, luck));
    const auto scope = said.scope == "account" ? Pause::Scope::kAccount : Pause::Scope::kChannel;
    verdict.pauses.push_back({scope, verdict.retry_at, true});
  } else {
    verdict.kind = Kind::kFailed;
  }
  if (verdict.kind == Kind::kRetry && said.partial && !ending.carry) {
    // Could only be made again from the start, and that would repeat what has left.
    verdict.kind = Kind::kFailed;
    verdict.error.text += " (the connector has left nothing to go on from)";
  }
  if (verdict.kind == Kind::kRetry && verdict.retry_at >= state.expires_at) {
    verdict.kind = Kind::kFailed;
    verdict.error = expiredError(verdict.error);
  }
  if (said.partial && verdict.kind == Kind::kFailed)
    verdict.error.text =
        "only a part of it was sent (" + std::to_string(verdict.ids.size()) + "): " + verdict.error.text;
  return verdict;
}

}  // namespace patchbay::delivery
