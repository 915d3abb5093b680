#include "delivery/verdict.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

using namespace std::chrono_literals;
using Kind = Verdict::Kind;

const Timestamp kNow{std::chrono::seconds{1767607200}};
const SendState kFresh{0, 0, 0, kNow + 24h};
const RetryPolicy kPolicy{};

Ending answered(Json result) {
  Ending ending;
  ending.result = std::move(result);
  ending.last = StepSummary{"answered", 200, {}};
  ending.unsafe_answered = true;
  return ending;
}

Ending failed(const std::string& error_class, Json more = Json::object()) {
  Json error{{"class", error_class}, {"code", "42"}, {"text", "no"}};
  error.update(more);
  return answered({{"status", "failed"}, {"error", error}});
}

Verdict judged(const Ending& ending, const SendState& state = kFresh, double luck = 1) {
  return judge(ending, state, kPolicy, kNow, luck);
}

TEST(Judge, SentKeepsTheProvidersIds) {
  const auto verdict = judged(answered({{"status", "sent"}, {"ids", {"a", "b"}}}));
  EXPECT_EQ(verdict.kind, Kind::kSent);
  EXPECT_EQ(verdict.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(verdict.attempt, 1);
}

struct ClassCase {
  std::string error_class;
  Kind kind;
  int attempt;  // after it
};

class JudgeClass : public testing::TestWithParam<ClassCase> {};

TEST_P(JudgeClass, DecidesWhatHappensNext) {
  const auto verdict = judged(failed(GetParam().error_class));
  EXPECT_EQ(verdict.kind, GetParam().kind) << GetParam().error_class;
  EXPECT_EQ(verdict.attempt, GetParam().attempt) << GetParam().error_class;
  EXPECT_EQ(verdict.error.error_class, GetParam().error_class);
  EXPECT_EQ(verdict.error.code, "42");
}

INSTANTIATE_TEST_SUITE_P(Classes, JudgeClass,
                         testing::Values(ClassCase{"transient", Kind::kRetry, 1},
                                         ClassCase{"rate_limited", Kind::kRetry, 0}, ClassCase{"auth", Kind::kRetry, 0},
                                         ClassCase{"account", Kind::kRetry, 0}, ClassCase{"window", Kind::kFailed, 1},
                                         ClassCase{"recipient", Kind::kFailed, 1},
                                         ClassCase{"request", Kind::kFailed, 1}, ClassCase{"bounced", Kind::kFailed, 1},
                                         ClassCase{"unsupported", Kind::kFailed, 1},
                                         ClassCase{"unknown", Kind::kUnknown, 1}));

TEST(Judge, ATransientFailureComesAgainLaterAndLaterAndThenNoMore) {
  EXPECT_EQ(judged(failed("transient")).retry_at, kNow + 2s);
  EXPECT_EQ(judged(failed("transient"), {1, 0, 0, kNow + 24h}).retry_at, kNow + 4s);
  EXPECT_EQ(judged(failed("transient"), {2, 0, 0, kNow + 24h}, 0).retry_at, kNow + 4s);  // half of 8 s
  EXPECT_EQ(judged(failed("transient"), {6, 0, 0, kNow + 24h}).kind, Kind::kRetry);
  const auto last = judged(failed("transient"), {7, 0, 0, kNow + 24h});
  EXPECT_EQ(last.kind, Kind::kFailed);
  EXPECT_NE(last.error.text.find("8 tries"), std::string::npos);
}

TEST(Judge, WaitsAsLongAsItWasTold) {
  EXPECT_EQ(judged(failed("transient", {{"retry_after", 90}})).retry_at, kNow + 90s);
  EXPECT_EQ(judged(failed("rate_limited", {{"retry_after", 1.5}})).retry_at, kNow + 1500ms);
  auto by_header = failed("rate_limited");
  by_header.retry_after = 7s;
  EXPECT_EQ(judged(by_header).retry_at, kNow + 7s);
}

TEST(Judge, AThrottleOfTheChannelPausesTheChannelAndBurnsNoAttempt) {
  const auto verdict =
      judged(failed("rate_limited", {{"retry_after", 10}, {"scope", "channel"}}), {7, 3, 0, kNow + 24h});
  EXPECT_EQ(verdict.kind, Kind::kRetry);
  EXPECT_EQ(verdict.attempt, 7);
  EXPECT_EQ(verdict.deferrals, 4);
  ASSERT_EQ(verdict.pauses.size(), 1U);
  EXPECT_EQ(verdict.pauses[0].scope, Pause::Scope::kChannel);
  EXPECT_EQ(verdict.pauses[0].until, kNow + 10s);
  EXPECT_TRUE(judged(failed("rate_limited")).pauses.empty()) << "one recipient's limit is no one else's business";
}

TEST(Judge, AThrottleEffectCountsBesideTheResult) {
  auto ending = answered({{"status", "sent"}, {"ids", {"a"}}});
  ending.throttles = {{"account", kNow + 5s}, {"recipient", kNow + 6s}, {"channel", kNow - 1s}};
  const auto verdict = judged(ending);
  EXPECT_EQ(verdict.kind, Kind::kSent);
  ASSERT_EQ(verdict.pauses.size(), 2U) << "one of them was over already";
  EXPECT_EQ(verdict.pauses[0].scope, Pause::Scope::kAccount);
  EXPECT_EQ(verdict.pauses[1].scope, Pause::Scope::kRecipient);
}

TEST(Judge, RefusedCredentialsPauseTheChannelLongerEachTime) {
  const auto first = judged(failed("auth"));
  ASSERT_EQ(first.pauses.size(), 1U);
  EXPECT_TRUE(first.pauses[0].refused_credentials);
  EXPECT_EQ(first.pauses[0].scope, Pause::Scope::kChannel);
  EXPECT_EQ(first.retry_at, kNow + 30s);
  EXPECT_EQ(judged(failed("auth"), {0, 0, 2, kNow + 24h}).retry_at, kNow + 120s);
  EXPECT_EQ(judged(failed("account", {{"scope", "account"}})).pauses[0].scope, Pause::Scope::kAccount);
}

TEST(Judge, AnUnansweredUnsafeRequestIsUnknownWhateverElseIsSaid) {
  Ending ending;
  ending.lost = true;
  ending.error = "connection reset";
  ending.last = StepSummary{"no_answer", 0, "connection reset"};
  const auto verdict = judged(ending);
  EXPECT_EQ(verdict.kind, Kind::kUnknown);
  EXPECT_EQ(verdict.retry_at, kNow + 30s);
  EXPECT_EQ(verdict.error.error_class, "unknown");
}

TEST(Judge, NeverSentIsNeverUnknown) {
  auto ending = failed("unknown");
  ending.unsafe_answered = false;
  ending.unsafe_not_sent = true;
  EXPECT_EQ(judged(ending).kind, Kind::kRetry);
}

TEST(Judge, WhatBreaksARuleIsNotTriedAgain) {
  auto ending = failed("transient");
  ending.refused = true;
  const auto verdict = judged(ending);
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_EQ(verdict.error.error_class, "request");
}

struct StatusCase {
  std::int32_t status;
  bool made;  // was a step made before?
  bool unsafe_answered;
  Kind kind;
  std::string error_class;
};

class JudgeStatus : public testing::TestWithParam<StatusCase> {};

TEST_P(JudgeStatus, ATurnWithoutAResultIsJudgedByItsStatus) {
  Ending ending;
  ending.status = GetParam().status;
  ending.error = "why";
  if (GetParam().made) ending.last = StepSummary{"answered", 200, {}};
  ending.unsafe_answered = GetParam().unsafe_answered;
  const auto verdict = judged(ending);
  EXPECT_EQ(verdict.kind, GetParam().kind) << GetParam().status;
  EXPECT_EQ(verdict.error.error_class, GetParam().error_class);
}

INSTANTIATE_TEST_SUITE_P(Statuses, JudgeStatus,
                         testing::Values(StatusCase{PB_BUG, false, false, Kind::kRetry, "transient"},
                                         StatusCase{PB_BUG, true, true, Kind::kUnknown,
                                                    "unknown"},  // the provider may have taken it
                                         StatusCase{PB_INVALID_INPUT, false, false, Kind::kFailed, "request"},
                                         StatusCase{PB_INVALID_INPUT, true, true, Kind::kUnknown, "unknown"},
                                         StatusCase{PB_INVALID_INPUT, true, false, Kind::kRetry, "transient"},
                                         StatusCase{PB_REJECTED, false, false, Kind::kFailed, "request"},
                                         StatusCase{PB_UNSUPPORTED, false, false, Kind::kFailed, "unsupported"},
                                         StatusCase{PB_TRANSIENT, true, true, Kind::kRetry, "transient"},
                                         StatusCase{PB_AUTH, true, true, Kind::kRetry, "auth"},
                                         StatusCase{PB_RATE_LIMITED, true, true, Kind::kRetry, "rate_limited"}));

TEST(Judge, APartOfASplitTextThatMayComeAgainComesAgain) {
  const Json error{{"class", "rate_limited"}, {"text", "slow"}, {"retry_after", 1}};
  auto ending = answered({{"status", "partial"}, {"ids", {"a"}}, {"error", error}});
  ending.carry = "after a";
  EXPECT_EQ(judged(ending).kind, Kind::kRetry);
  EXPECT_TRUE(judged(ending).partial);
  EXPECT_EQ(judged(ending).ids, std::vector<std::string>{"a"});
  const Json final_error{{"class", "request"}, {"text", "no"}};
  const auto verdict = judged(answered({{"status", "partial"}, {"ids", {"a"}}, {"error", final_error}}));
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_EQ(verdict.ids, std::vector<std::string>{"a"}) << "what left keeps its id";
}

TEST(Judge, WhatHasLeftInPartIsNeverMadeAgainFromTheStart) {
  const Json error{{"class", "transient"}, {"code", "131000"}, {"text", "try later"}};
  const auto verdict = judged(answered({{"status", "partial"}, {"ids", {"a", "b"}}, {"error", error}}));
  EXPECT_EQ(verdict.kind, Kind::kFailed) << "there is no carry to go on from";
  EXPECT_EQ(verdict.error.code, "131000");
  EXPECT_EQ(verdict.error.text,
            "only a part of it was sent (2): try later (the connector has left nothing to go on from)");
}

TEST(Judge, NothingIsTriedAfterItsTimeToLive) {
  const auto verdict = judged(failed("rate_limited", {{"retry_after", 100}}), {0, 0, 0, kNow + 99s});
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_EQ(verdict.error.error_class, "expired");
  EXPECT_EQ(verdict.error.code, "42");
  EXPECT_EQ(verdict.error.text, "it could not be sent within its time to live; last: rate_limited, no");
}

TEST(Backoff, StaysBetweenHalfAndTheLongest) {
  for (int failures = 1; failures < 100; ++failures) {
    for (const double luck : {0.0, 0.5, 1.0}) {
      const auto pause = backoff(2s, 600s, failures, luck);
      EXPECT_GE(pause, 1s);
      EXPECT_LE(pause, 600s);
    }
  }
}

}  // namespace
}  // namespace patchbay::delivery
