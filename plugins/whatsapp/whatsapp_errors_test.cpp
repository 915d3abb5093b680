#include "whatsapp_errors.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace patchbay::whatsapp {
namespace {

struct Row {
  int code;
  ErrorClass error_class;
  Scope scope = Scope::kRecipient;
};

// Every code of Meta's tables that can meet us, and what it has to mean. HTTP 500 throughout: the code decides.
constexpr Row kTable[] = {
    {0, ErrorClass::kAuth, Scope::kAccount},
    {190, ErrorClass::kAuth, Scope::kAccount},
    {3, ErrorClass::kAuth, Scope::kChannel},
    {10, ErrorClass::kAuth, Scope::kChannel},
    {200, ErrorClass::kAuth, Scope::kChannel},
    {299, ErrorClass::kAuth, Scope::kChannel},
    {131005, ErrorClass::kAuth, Scope::kChannel},
    {1, ErrorClass::kTransient},
    {2, ErrorClass::kTransient, Scope::kChannel},
    {131016, ErrorClass::kTransient, Scope::kChannel},
    {133004, ErrorClass::kTransient, Scope::kChannel},
    {131000, ErrorClass::kTransient},
    {131057, ErrorClass::kTransient, Scope::kChannel},
    {131053, ErrorClass::kTransient},
    {4, ErrorClass::kRateLimited, Scope::kAccount},
    {80007, ErrorClass::kRateLimited, Scope::kAccount},
    {130429, ErrorClass::kRateLimited, Scope::kChannel},
    {131048, ErrorClass::kRateLimited, Scope::kChannel},
    {131056, ErrorClass::kRateLimited, Scope::kRecipient},
    {132069, ErrorClass::kRateLimited, Scope::kRecipient},
    {131064, ErrorClass::kAccount, Scope::kAccount},
    {33, ErrorClass::kAccount, Scope::kChannel},
    {131031, ErrorClass::kAccount, Scope::kAccount},
    {368, ErrorClass::kAccount, Scope::kAccount},
    {131037, ErrorClass::kAccount, Scope::kChannel},
    {131042, ErrorClass::kAccount, Scope::kAccount},
    {131045, ErrorClass::kAccount, Scope::kChannel},
    {133000, ErrorClass::kAccount, Scope::kChannel},
    {133005, ErrorClass::kAccount, Scope::kChannel},
    {133006, ErrorClass::kAccount, Scope::kChannel},
    {133008, ErrorClass::kAccount, Scope::kChannel},
    {133009, ErrorClass::kAccount, Scope::kChannel},
    {133010, ErrorClass::kAccount, Scope::kChannel},
    {133015, ErrorClass::kAccount, Scope::kChannel},
    {133016, ErrorClass::kAccount, Scope::kChannel},
    {134011, ErrorClass::kAccount, Scope::kAccount},
    {131047, ErrorClass::kWindow},
    {131026, ErrorClass::kRecipient},
    {131030, ErrorClass::kRecipient},
    {130497, ErrorClass::kRecipient},
    {130472, ErrorClass::kRecipient},
    {131049, ErrorClass::kRecipient},
    {131050, ErrorClass::kRecipient},
    {137000, ErrorClass::kRecipient},
    {100, ErrorClass::kRequest},
    {131008, ErrorClass::kRequest},
    {131009, ErrorClass::kRequest},
    {131021, ErrorClass::kRequest},
    {131051, ErrorClass::kRequest},
    {131052, ErrorClass::kRequest},
    {131062, ErrorClass::kRequest},
    {131063, ErrorClass::kRequest},
    {132000, ErrorClass::kRequest},
    {132001, ErrorClass::kRequest},
    {132005, ErrorClass::kRequest},
    {132007, ErrorClass::kRequest},
    {132012, ErrorClass::kRequest},
    {132015, ErrorClass::kRequest},
    {132016, ErrorClass::kRequest},
    {132068, ErrorClass::kRequest},
    {135000, ErrorClass::kRequest},
};

TEST(Classify, EveryCodeHasItsClassAndScope) {
  for (const Row& row : kTable) {
    const Failure failure = classify({.code = row.code, .http_status = 500}, {});
    EXPECT_STREQ(toString(failure.error_class), toString(row.error_class)) << row.code;
    EXPECT_STREQ(toString(failure.scope), toString(row.scope)) << row.code;
    EXPECT_EQ(failure.code, std::to_string(row.code));
  }
}

TEST(Classify, CodesBetweenTheKnownOnesAreDecidedByTransientAndStatus) {
  for (const int code : {5, 189, 300, 130428, 131001, 131058, 999999})
    for (const bool transient : {false, true}) {
      const auto failure = classify({.code = code, .is_transient = transient, .http_status = 400}, {});
      EXPECT_EQ(failure.error_class, transient ? ErrorClass::kTransient : ErrorClass::kRequest) << code;
    }
  EXPECT_EQ(classify({.code = 999999, .http_status = 500}, {}).error_class, ErrorClass::kTransient);
  EXPECT_EQ(classify({.http_status = 401}, {}).error_class, ErrorClass::kAuth);
  EXPECT_EQ(classify({.http_status = 429}, {}).error_class, ErrorClass::kRateLimited);
}

TEST(Classify, SomeErrorsAreWorthOneMoreTryOnly) {
  for (const int code : {1, 131053}) {
    EXPECT_EQ(classify({.code = code}, {.before = 0}).error_class, ErrorClass::kTransient);
    EXPECT_EQ(classify({.code = code}, {.before = 1}).error_class, ErrorClass::kRequest);
  }
  EXPECT_EQ(classify({.code = 131000}, {.before = 3}).error_class, ErrorClass::kTransient);
}

TEST(Classify, ThePairRateWaitsFourToTheN) {
  const auto wait = [](unsigned throttled) {
    return classify({.code = 131056}, {.throttled = throttled}).retry_after->count();
  };
  EXPECT_EQ(wait(0), 1);
  EXPECT_EQ(wait(1), 4);
  EXPECT_EQ(wait(3), 64);
  EXPECT_EQ(wait(6), 4096);
  EXPECT_EQ(wait(4000000000U), 4096);
}

TEST(ReadError, TakesDetailsAsObjectOrTextAndSurvivesAnythingElse) {
  EXPECT_EQ(readError(Json::parse(R"({"message":"M","error_data":{"details":"D"},"code":5})")).text, "M: D");
  EXPECT_EQ(readError(Json::parse(R"({"title":"T","error_data":"D"})")).text, "T: D");
  EXPECT_EQ(readError(Json::parse(R"({"message":"M","error_user_msg":"U"})")).text, "M: U");
  EXPECT_EQ(readError(Json::parse(R"({"code":"190","message":7})")).code, 190);
  for (const char* odd : {"null", "[]", "7", R"({"code":"x"})", R"({"code":-1,"message":[7],"error_data":[]})",
                          R"({"code":1e99})", R"({"code":18446744073709551615})"}) {
    const GraphError error = readError(Json::parse(odd));
    EXPECT_FALSE(error.code) << odd;
    EXPECT_EQ(error.text, "") << odd;
  }
}

TEST(EventErrorOf, NothingIsWorthAnotherTryInAWebhook) {
  EXPECT_EQ(eventErrorOf(Json::parse(R"({"code":131053,"title":"x"})")).error_class, "request");
  EXPECT_EQ(eventErrorOf(Json()).text, "no reason given");
}

}  // namespace
}  // namespace patchbay::whatsapp
