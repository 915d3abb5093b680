#include "sendgrid_errors.hpp"

#include <algorithm>
#include <charconv>
#include <patchbay/lenient.hpp>
#include <string>
#include <string_view>

namespace patchbay::sendgrid {
namespace {

using std::chrono::seconds;

constexpr seconds kRatePause{60};  // where the answer does not say how long
constexpr seconds kLongestPause{3600};

struct Refusal {
  std::string text;
  std::string field;  // of the first error that names one
};

/// {"errors": [{"message", "field", "help"}]}, in which `field` may be null.
Refusal readErrors(const Response& response) {
  Refusal refusal;
  const Json body = response.json().value_or(Json());
  const Json& errors = memberOf(body, "errors");
  if (!errors.is_array()) return refusal;
  for (const Json& error : errors) {
    const std::string field = textOf(error, "field");
    std::string line = textOf(error, "message");
    if (line.empty() || refusal.text.size() > 1500) continue;
    if (!field.empty()) line += " (" + field + ")";
    if (refusal.field.empty()) refusal.field = field;
    refusal.text += (refusal.text.empty() ? "" : "; ") + line;
  }
  return refusal;
}

/// "personalizations.0.to.0.email": it is this recipient that SendGrid does not take.
bool namesRecipient(std::string_view field) {
  return field.starts_with("personalizations") && field.find(".to") != std::string_view::npos;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// X-RateLimit-Reset is a time in Unix seconds.
std::optional<seconds> untilReset(const Response& response, Time now) {
  const auto reset = number(response.header("X-RateLimit-Reset"));
  if (!reset || *reset > kLastUnixMs / 1000) return std::nullopt;
  const auto wait = seconds(*reset) - std::chrono::floor<seconds>(now.time_since_epoch());
  return std::clamp(wait, seconds(1), kLongestPause);
}

}  // namespace

Failure failureOf(const Response& response, Time now) {
  if (!response.answered()) {
    const bool sent = response.failure() != PB_NOT_SENT;
    return {.error_class = sent ? ErrorClass::kUnknown : ErrorClass::kTransient,
            .text = response.error().empty() ? "no answer" : std::string(response.error()),
            .scope = Scope::kChannel};
  }
  const int status = response.status();
  const Refusal refusal = readErrors(response);
  Failure failure{.error_class = ErrorClass::kRequest, .code = std::to_string(status), .text = refusal.text};
  if (failure.text.empty()) failure.text = "HTTP " + std::to_string(status) + " without a reason";
  if (status == 401) {
    failure.error_class = ErrorClass::kAuth;
    failure.scope = Scope::kChannel;
  } else if (status == 403) {  // the sender is not verified, the key has no such scope, the account is suspended
    failure.error_class = ErrorClass::kAccount;
    failure.scope = Scope::kChannel;
  } else if (status == 429) {
    failure.error_class = ErrorClass::kRateLimited;
    failure.scope = Scope::kAccount;
    failure.retry_after = untilReset(response, now).value_or(kRatePause);
  } else if (status >= 500 || status < 400) {
    failure.error_class = ErrorClass::kUnknown;
    failure.scope = Scope::kChannel;
  } else if (namesRecipient(refusal.field)) {
    failure.error_class = ErrorClass::kRecipient;
  }
  return failure;
}

void heedRate(const Response& response, Time now, std::vector<Throttle>& throttles) {
  if (!response.answered()) return;
  const bool refused = response.status() == 429;
  if (!refused && number(response.header("X-RateLimit-Remaining")) != 0) return;
  const auto wait = untilReset(response, now);
  if (wait || refused) throttles.push_back({Scope::kAccount, now + wait.value_or(kRatePause)});
}

}  // namespace patchbay::sendgrid
