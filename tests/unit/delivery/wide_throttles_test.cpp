#include "delivery/wide_throttles.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

using namespace std::chrono_literals;

class WideThrottlesTest : public testing::Test {
 protected:
  auto note(const std::string& channel, const std::string& recipient, std::chrono::milliseconds pause) {
    return throttles_.note(channel, recipient, now_ + pause, now_);
  }

  WideThrottles throttles_;
  Timestamp now_{1h};
};

TEST_F(WideThrottlesTest, TwoRecipientsWithinTwoSecondsAreTheChannel) {
  EXPECT_FALSE(note("acme/bot", "telegram:1", 4s));
  now_ += 2s;
  EXPECT_EQ(note("acme/bot", "telegram:2", 3s), now_ + 2s) << "as long as both of them say";
}

TEST_F(WideThrottlesTest, OneRecipientAnotherChannelOrALongTimeBetweenAreNot) {
  EXPECT_FALSE(note("acme/bot", "telegram:1", 4s));
  EXPECT_FALSE(note("acme/bot", "telegram:1", 4s));
  EXPECT_FALSE(note("acme/other", "telegram:2", 4s));
  now_ += 2001ms;
  EXPECT_FALSE(note("acme/bot", "telegram:2", 4s));
}

TEST_F(WideThrottlesTest, TwoBusyGroupsSilenceTheChannelForAMomentOnly) {
  EXPECT_FALSE(note("acme/bot", "telegram:-1", 40s));
  EXPECT_EQ(note("acme/bot", "telegram:-2", 40s), now_ + 5s);
}

}  // namespace
}  // namespace patchbay::delivery
