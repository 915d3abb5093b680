#include "delivery/breakers.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

using namespace std::chrono_literals;
using Gate = Breakers::Gate;

class BreakersTest : public testing::Test {
 protected:
  void fail(const std::string& channel, const std::string& server, int times = 1) {
    for (int i = 0; i < times; ++i) breakers_.record(channel, server, false, now_, 1);
  }
  void succeed(const std::string& channel, const std::string& server) {
    breakers_.record(channel, server, true, now_, 1);
  }
  auto refuses(const std::string& channel, const std::string& server) {
    return breakers_.refuses(channel, {server}, now_);
  }
  Gate gate(const std::string& channel) const { return breakers_.gate(channel, now_); }

  Breakers breakers_{BreakerPolicy{.failures = 3, .open = 5s, .longest = 60s, .probe = 20s}};
  Breakers::Clock::time_point now_{1h};
};

TEST_F(BreakersTest, OpensAfterFailuresInARowAndNotBefore) {
  fail("acme/a", "https://dead:443", 2);
  EXPECT_FALSE(refuses("acme/a", "https://dead:443"));
  succeed("acme/a", "https://dead:443");
  fail("acme/a", "https://dead:443", 2);
  EXPECT_EQ(gate("acme/a"), Gate::kFree) << "not in a row";
  fail("acme/a", "https://dead:443");
  EXPECT_EQ(gate("acme/a"), Gate::kShut);
  EXPECT_EQ(refuses("acme/a", "https://dead:443"), 5s);
}

TEST_F(BreakersTest, LetsOneRequestThroughWhenTheTimeIsOverAndClosesWhenItSucceeds) {
  fail("acme/a", "https://dead:443", 3);
  now_ += 5s;
  EXPECT_EQ(gate("acme/a"), Gate::kProbe);
  EXPECT_FALSE(refuses("acme/a", "https://dead:443")) << "the probe";
  EXPECT_TRUE(refuses("acme/a", "https://dead:443")) << "one is under way";
  EXPECT_EQ(gate("acme/a"), Gate::kShut);
  succeed("acme/a", "https://dead:443");
  EXPECT_EQ(gate("acme/a"), Gate::kFree);
  EXPECT_FALSE(refuses("acme/a", "https://dead:443"));
  EXPECT_TRUE(breakers_.open(now_).empty());
}

TEST_F(BreakersTest, StaysOpenTwiceAsLongAfterEachProbeThatFailsUpToTheLongest) {
  fail("acme/a", "https://dead:443", 3);
  for (const auto pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
    EXPECT_EQ(refuses("acme/a", "https://dead:443"), pause);
    now_ += pause;
    EXPECT_FALSE(refuses("acme/a", "https://dead:443"));
    fail("acme/a", "https://dead:443");
  }
}

TEST_F(BreakersTest, WhatLeftBeforeItOpenedCountsNoMore) {
  fail("acme/a", "https://dead:443", 3);
  fail("acme/a", "https://dead:443", 30);
  EXPECT_EQ(refuses("acme/a", "https://dead:443"), 5s);
}

TEST_F(BreakersTest, AProbeThatTellsNothingIsReplacedByAnother) {
  fail("acme/a", "https://dead:443", 3);
  now_ += 5s;
  EXPECT_FALSE(refuses("acme/a", "https://dead:443"));
  now_ += 20s;
  EXPECT_FALSE(refuses("acme/a", "https://dead:443"));
}

TEST_F(BreakersTest, AServerIsShutForAllChannelsThatUseItAndForNoOther) {
  succeed("acme/a", "https://dead:443");
  succeed("acme/b", "https://dead:443");
  succeed("globex/c", "https://good:443");
  fail("acme/a", "https://dead:443", 3);
  EXPECT_EQ(gate("acme/b"), Gate::kShut);
  EXPECT_TRUE(refuses("acme/b", "https://dead:443"));
  EXPECT_FALSE(refuses("acme/b", "https://other:443")) << "its own circuit is closed";
  EXPECT_EQ(gate("globex/c"), Gate::kFree);
  EXPECT_FALSE(refuses("globex/c", "https://good:443"));
  const auto open = breakers_.open(now_);
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].name, "acme/a");
  EXPECT_EQ(open[1].name, "https://dead:443");
  EXPECT_TRUE(open[1].server);
}

TEST_F(BreakersTest, AChannelThatAlsoUsesAnotherServerIsNotShutByOne) {
  fail("globex/c", "https://files:443", 3);
  succeed("acme/a", "https://files:443");  // closes it
  fail("globex/c", "https://files:443", 3);
  succeed("acme/b", "https://text:443");
  breakers_.record("acme/b", "https://files:443", false, now_, 1);
  EXPECT_EQ(gate("acme/b"), Gate::kFree);
  EXPECT_FALSE(refuses("acme/b", "https://text:443"));
  EXPECT_TRUE(refuses("acme/b", "https://files:443"));
}

TEST_F(BreakersTest, AChannelThatIsConfiguredAnewStartsClean) {
  fail("acme/a", "https://dead:443", 3);
  breakers_.forget("acme/a");
  EXPECT_EQ(gate("acme/a"), Gate::kFree);
  EXPECT_FALSE(refuses("acme/a", "https://new:443"));
}

}  // namespace
}  // namespace patchbay::delivery
