#include "ses_errors.hpp"

#include <patchbay/lenient.hpp>

#include "ses_reader.hpp"

namespace patchbay::ses {
namespace {

using std::chrono::seconds;

struct Rule {
  std::string_view type;
  ErrorClass error_class;
  Scope scope;
  seconds retry_after{0};  // 0: the host's own pauses
};

constexpr auto kAuth = ErrorClass::kAuth;
constexpr auto kAccount = ErrorClass::kAccount;
constexpr auto kRate = ErrorClass::kRateLimited;
constexpr auto kRequest = ErrorClass::kRequest;

/// A day's quota moves with the last 24 hours: asking every hour finds out soon enough.
constexpr seconds kQuotaPause{3600};

constexpr Rule kRules[] = {
    {"TooManyRequestsException", kRate, Scope::kAccount},
    {"LimitExceededException", kRate, Scope::kAccount, kQuotaPause},
    {"MessageRejected", kRequest, Scope::kRecipient},
    {"BadRequestException", kRequest, Scope::kRecipient},
    {"MailFromDomainNotVerifiedException", kAccount, Scope::kChannel},
    {"NotFoundException", kAccount, Scope::kChannel},  // configuration set or identity
    {"AccountSuspendedException", kAccount, Scope::kAccount},
    {"SendingPausedException", kAccount, Scope::kAccount},
    {"InvalidSignatureException", kAuth, Scope::kAccount},
    {"SignatureDoesNotMatch", kAuth, Scope::kAccount},
    {"UnrecognizedClientException", kAuth, Scope::kAccount},
    {"InvalidClientTokenId", kAuth, Scope::kAccount},
    {"AccessDeniedException", kAuth, Scope::kAccount},
    {"ExpiredTokenException", kAuth, Scope::kAccount},
    {"MissingAuthenticationTokenException", kAuth, Scope::kAccount},
    {"IncompleteSignatureException", kAuth, Scope::kAccount},
};

/// "Name:http://..." or "Name"; older front ends put it into the body as "prefix#Name".
std::string typeOf(const Response& answer, const std::optional<Json>& body) {
  std::string type(answer.header("x-amzn-errortype"));
  if (type.empty() && body) type = textOf(*body, "__type");
  if (const auto hash = type.find('#'); hash != std::string::npos) type.erase(0, hash + 1);
  type.resize(std::min(type.find(':'), type.size()));
  return type;
}

std::string wordsOf(const std::optional<Json>& body) {
  if (!body) return {};
  const auto lower = textOf(*body, "message");
  return lower.empty() ? textOf(*body, "Message") : lower;
}

/// Without a type that we know: by the status alone.
Failure byStatus(int status) {
  if (status == 429) return {.error_class = kRate, .scope = Scope::kAccount};
  if (status == 401 || status == 403) return {.error_class = kAuth, .scope = Scope::kAccount};
  if (status >= 400 && status < 500) return {.error_class = kRequest};
  // Every 5xx may come after the mail has left, 503 too: whoever stands before SES may have written it.
  return {.error_class = ErrorClass::kUnknown};
}

}  // namespace

Failure failureOf(const Response& answer) {
  if (answer.failure() == PB_NOT_SENT)
    return {.error_class = ErrorClass::kTransient, .code = "not_sent", .text = std::string(answer.error())};
  if (!answer.answered())
    return {.error_class = ErrorClass::kUnknown, .code = "no_answer", .text = std::string(answer.error())};
  const auto body = answer.json();
  const auto type = typeOf(answer, body);
  auto failure = byStatus(answer.status());
  if (answer.status() >= 400 && answer.status() < 500)
    for (const Rule& rule : kRules) {
      if (type != rule.type) continue;
      failure = {.error_class = rule.error_class, .scope = rule.scope};
      if (rule.retry_after.count() > 0) failure.retry_after = rule.retry_after;
    }
  failure.code = type.empty() ? std::to_string(answer.status()) : type;
  failure.text = wordsOf(body);
  if (failure.text.empty()) failure.text = "SES answered with HTTP " + std::to_string(answer.status());
  // The one error that is told by its words: it comes with 429 and with 400, and lasts for hours.
  if (failure.text.find("aily message quota exceeded") != std::string::npos)
    return {.error_class = kRate,
            .code = failure.code,
            .text = failure.text,
            .retry_after = kQuotaPause,
            .scope = Scope::kAccount};
  return failure;
}

Failure failureOfObject(const Response& answer, const std::string& object) {
  const auto said = answer.answered() ? "HTTP " + std::to_string(answer.status()) : std::string(answer.error());
  Failure failure{.error_class = ErrorClass::kTransient, .code = "s3", .text = "s3://" + object + ": " + said};
  if (answer.failure() == PB_TOO_LARGE) {
    failure.error_class = kRequest;
    failure.text += " (larger than 45 MB)";
  } else if (answer.answered() && answer.status() == 403) {
    // So S3 answers for an object that is not there, too, to a key that may not list the bucket: no reason to pause
    // the channel.
    failure.text += ": the object is not there, or the access key lacks s3:GetObject on it or s3:ListBucket";
  } else if (answer.answered() && answer.status() != 404 && answer.status() != 429 && answer.status() < 500) {
    failure.error_class = kRequest;
  }
  return failure;
}

}  // namespace patchbay::ses
