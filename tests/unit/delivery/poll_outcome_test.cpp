#include "delivery/poll_outcome.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const PollPolicy kPollPolicy{milliseconds{1000}, milliseconds{60000}};

Ending failedWith(const Json& error) {
  Ending ending;
  ending.result = Json{{"status", "failed"}, {"error", error}};
  return ending;
}

TEST(PollOutcome, APollThatWentWellHasNoReasonToFail) {
  EXPECT_EQ(whyPollFailed({}), "");
  Ending ending;
  ending.cursor = "7";
  EXPECT_EQ(whyPollFailed(ending), "");
}

TEST(PollOutcome, SaysWhatWentWrong) {
  EXPECT_EQ(whyPollFailed(failedWith({{"class", "auth"}, {"code", "401"}, {"text", "Unauthorized"}})),
            "auth: Unauthorized (401)");
  Ending bug;
  bug.status = PB_BUG;
  bug.error = "cannot read this";
  EXPECT_EQ(whyPollFailed(bug), "bug: cannot read this");
  Ending lost;
  lost.lost = true;
  EXPECT_NE(whyPollFailed(lost), "");
}

TEST(PollOutcome, OnlyAnswersCanBeRefused) {
  Ending ending;
  ending.status = PB_BUG;
  EXPECT_FALSE(isRefusal(ending)) << "the first turn failed: there was no answer yet";
  ending.last = StepSummary{"answered", 200, {}};
  EXPECT_TRUE(isRefusal(ending));
  ending.status = PB_INVALID_INPUT;
  EXPECT_TRUE(isRefusal(ending));
  ending.status = PB_TRANSIENT;
  EXPECT_FALSE(isRefusal(ending));
}

TEST(PollOutcome, PausesGrowAndHaveAnEnd) {
  const Ending ending = failedWith({{"class", "transient"}, {"text", "busy"}});
  EXPECT_EQ(pauseAfterFailure(ending, kPollPolicy, 1, 1.0), seconds{1});
  EXPECT_EQ(pauseAfterFailure(ending, kPollPolicy, 3, 1.0), seconds{4});
  EXPECT_EQ(pauseAfterFailure(ending, kPollPolicy, 60, 1.0), seconds{60});
  EXPECT_GE(pauseAfterFailure(ending, kPollPolicy, 1, 0.0), milliseconds{500});
}

TEST(PollOutcome, WhatTheProviderSaysIsTheLeast) {
  EXPECT_EQ(pauseAfterFailure(failedWith({{"class", "rate_limited"}, {"retry_after", 90}}), kPollPolicy, 1, 1.0),
            seconds{90});
  EXPECT_EQ(pauseAfterFailure(failedWith({{"class", "rate_limited"}, {"retry_after", 0.1}}), kPollPolicy, 3, 1.0),
            seconds{4});
  Ending header = failedWith({{"class", "transient"}});
  header.retry_after = seconds{120};
  EXPECT_EQ(pauseAfterFailure(header, kPollPolicy, 1, 1.0), seconds{120});
  EXPECT_EQ(pauseAfterFailure(failedWith({{"retry_after", 604800}}), kPollPolicy, 1, 1.0), std::chrono::hours{24});
}

}  // namespace
}  // namespace patchbay::delivery
