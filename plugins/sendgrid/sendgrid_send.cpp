#include "sendgrid_send.hpp"

#include <string>
#include <utility>

#include "sendgrid_errors.hpp"
#include "sendgrid_mail.hpp"

namespace patchbay::sendgrid {
namespace {

constexpr std::size_t kMaxExternalId = 512;  // event.schema.json

HttpRequest mailSend(const Account& account, Json body) {
  return HttpRequest::post(account.base_url + "/v3/mail/send")
      .json(std::move(body))
      .bearer("api_key")
      .timeout(std::chrono::minutes(2));  // up to 30 MB
}

/// Is the key good for sending? A mail to ourselves that SendGrid checks and does not deliver.
HttpRequest testRequest(const Account& account) {
  const Json us = {{"email", account.from_email}};
  const Json text = {{"type", "text/plain"}, {"value", "Not delivered."}};
  return mailSend(account, {{"personalizations", Json::array({Json{{"to", Json::array({us})}}})},
                            {"from", us},
                            {"subject", "Test of the connection"},
                            {"content", Json::array({text})},
                            {"mail_settings", {{"sandbox_mode", {{"enable", true}}}}}})
      .safe();
}

/// 202 says that the mail is queued; the body is empty. Events name the mail by the id in this header, and by our ref.
Result accepted(const Operation& operation, const Response& response) {
  std::string id(response.header("X-Message-Id"));
  if (id.empty() || id.size() > kMaxExternalId) id = operation.ref();
  return Result::sent({std::move(id)});
}

}  // namespace

Step begin(const Account& account, const Operation& operation) {
  const std::string kind = operation.kind();
  if (kind == "test") return testRequest(account);
  if (kind != "message") return Step::unsupported("the SendGrid connector has no operation '" + kind + "'");
  const std::string type = operation.type();
  if (type != "text" && operation.media().empty())
    return Step::unsupported("messages of type " + type + " without a file");
  try {
    return mailSend(account, mailBody(account, operation)).unsafe().completes();
  } catch (const Refused& refused) {
    return Result::failed(ErrorClass::kRequest, "", refused.why);
  }
}

Step proceed(const Account& account, const Operation& operation, const Response& response, const Call& call) {
  const bool test = operation.kind() == "test";
  Step step;
  if (response.ok()) {
    step = test ? Result::sent().details({{"sender", account.from_email}, {"base_url", account.base_url}})
                : accepted(operation, response);
  } else {
    Failure failure = failureOf(response, call.now());
    if (test && failure.error_class == ErrorClass::kUnknown) failure.error_class = ErrorClass::kTransient;
    step = Result::failed(failure);
  }
  heedRate(response, call.now(), step.throttles);
  return step;
}

}  // namespace patchbay::sendgrid
