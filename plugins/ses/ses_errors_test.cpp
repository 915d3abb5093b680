#include "ses_errors.hpp"

#include <gtest/gtest.h>

namespace patchbay::ses {
namespace {

/// An answer as the host gives it.
class Answered {
 public:
  Answered(int status, std::string type, std::string body, int failure = PB_ANSWERED)
      : type_(std::move(type)), body_(std::move(body)) {
    header_ = {detail::str("x-amzn-ErrorType"), detail::str(type_)};
    raw_.struct_size = sizeof raw_;
    raw_.status = status;
    raw_.failure = failure;
    raw_.headers = &header_;
    raw_.header_count = type_.empty() ? 0 : 1;
    raw_.body = detail::str(body_);
    raw_.error = detail::str("made up");
  }
  Response response() const { return Response(raw_); }

 private:
  std::string type_, body_;
  pb_header header_{};
  pb_response raw_{};
};

struct Row {
  int status;
  const char* type;
  const char* text;
  ErrorClass error_class;
  Scope scope;
  int retry_after = 0;
};

// Every row of the fact sheet's table (providers/ses.md, 2.3).
constexpr Row kTable[] = {
    {429, "TooManyRequestsException", "Maximum sending rate exceeded.", ErrorClass::kRateLimited, Scope::kAccount},
    {429, "TooManyRequestsException", "Daily message quota exceeded.", ErrorClass::kRateLimited, Scope::kAccount, 3600},
    {400, "LimitExceededException", "Daily message quota exceeded", ErrorClass::kRateLimited, Scope::kAccount, 3600},
    {400, "LimitExceededException", "Too many.", ErrorClass::kRateLimited, Scope::kAccount, 3600},
    {400, "MessageRejected", "Email address is not verified.", ErrorClass::kRequest, Scope::kRecipient},
    {400, "BadRequestException", "Missing final '@domain'", ErrorClass::kRequest, Scope::kRecipient},
    {400, "MailFromDomainNotVerifiedException", "x", ErrorClass::kAccount, Scope::kChannel},
    {404, "NotFoundException", "Configuration set <x> does not exist.", ErrorClass::kAccount, Scope::kChannel},
    {400, "AccountSuspendedException", "x", ErrorClass::kAccount, Scope::kAccount},
    {400, "SendingPausedException", "x", ErrorClass::kAccount, Scope::kAccount},
    {403, "InvalidSignatureException", "Signature expired", ErrorClass::kAuth, Scope::kAccount},
    {403, "SignatureDoesNotMatch", "x", ErrorClass::kAuth, Scope::kAccount},
    {403, "UnrecognizedClientException", "x", ErrorClass::kAuth, Scope::kAccount},
    {403, "AccessDeniedException", "x", ErrorClass::kAuth, Scope::kAccount},
    {403, "ExpiredTokenException", "x", ErrorClass::kAuth, Scope::kAccount},
    {403, "MissingAuthenticationTokenException", "x", ErrorClass::kAuth, Scope::kAccount},
    {400, "ExpiredTokenException", "x", ErrorClass::kAuth, Scope::kAccount},
    {403, "SomethingNew", "x", ErrorClass::kAuth, Scope::kAccount},
    {400, "SomethingNew", "x", ErrorClass::kRequest, Scope::kRecipient},
    {429, "", "x", ErrorClass::kRateLimited, Scope::kAccount},
    {503, "ServiceUnavailable", "x", ErrorClass::kUnknown, Scope::kRecipient},
    {503, "", "", ErrorClass::kUnknown, Scope::kRecipient},
    {500, "InternalServiceErrorException", "x", ErrorClass::kUnknown, Scope::kRecipient},
    {502, "", "", ErrorClass::kUnknown, Scope::kRecipient},
    {500, "MessageRejected", "x", ErrorClass::kUnknown, Scope::kRecipient},
};

TEST(Errors, EveryRowOfTheTableHasItsClassAndScope) {
  for (const Row& row : kTable) {
    const auto failure = failureOf(Answered(row.status, row.type, Json{{"message", row.text}}.dump()).response());
    const auto name = std::to_string(row.status) + " " + row.type;
    EXPECT_STREQ(toString(failure.error_class), toString(row.error_class)) << name;
    EXPECT_STREQ(toString(failure.scope), toString(row.scope)) << name;
    EXPECT_EQ(failure.retry_after.value_or(std::chrono::seconds{0}).count(), row.retry_after) << name;
    EXPECT_EQ(failure.code, *row.type ? row.type : std::to_string(row.status)) << name;
  }
}

TEST(Errors, TheTypeEndsAtTheColonAndMayStandInTheBody) {
  const auto code = [](const std::string& type, const std::string& body) {
    return failureOf(Answered(400, type, body).response()).code;
  };
  EXPECT_EQ(code("MessageRejected:http://internal.amazon.com/coral/", "{}"), "MessageRejected");
  EXPECT_EQ(code("", R"({"__type":"com.amazonaws.ses#MessageRejected"})"), "MessageRejected");
  EXPECT_EQ(code("", "<html>"), "400");
}

TEST(Errors, TheWordsComeFromEitherMember) {
  const auto text = [](const std::string& body) { return failureOf(Answered(400, "X", body).response()).text; };
  EXPECT_EQ(text(R"({"message":"a"})"), "a");
  EXPECT_EQ(text(R"({"Message":"b"})"), "b");
  EXPECT_EQ(text("[]"), "SES answered with HTTP 400");
}

TEST(Errors, NoByteSentMeansAgainAndALostAnswerMeansUnknown) {
  EXPECT_EQ(failureOf(Answered(0, "", "", PB_NOT_SENT).response()).error_class, ErrorClass::kTransient);
  EXPECT_EQ(failureOf(Answered(0, "", "", PB_NO_ANSWER).response()).error_class, ErrorClass::kUnknown);
  EXPECT_EQ(failureOf(Answered(200, "", "", PB_TOO_LARGE).response()).error_class, ErrorClass::kUnknown);
}

TEST(Errors, AnObjectThatIsNotThereYetIsTriedAgain) {
  const auto of = [](int status, int failure = PB_ANSWERED) {
    return failureOfObject(Answered(status, "", "", failure).response(), "b/k").error_class;
  };
  for (const int status : {403, 404, 429, 500, 503}) EXPECT_EQ(of(status), ErrorClass::kTransient) << status;
  EXPECT_EQ(of(0, PB_NOT_SENT), ErrorClass::kTransient);
  EXPECT_EQ(of(0, PB_NO_ANSWER), ErrorClass::kTransient);
  EXPECT_EQ(of(301), ErrorClass::kRequest);
  EXPECT_EQ(of(200, PB_TOO_LARGE), ErrorClass::kRequest);
}

}  // namespace
}  // namespace patchbay::ses
