#include "simulators/whatsapp/limits.hpp"

#include <gtest/gtest.h>

namespace patchbay::simulators::whatsapp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Timestamp kStart{std::chrono::hours(500000)};

TEST(Limits, NothingIsRefusedUntilATestAsksForIt) {
  Limits limits;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(0, limits.check("1", "+1", false, kStart));
}

TEST(Limits, APairHasItsBurstAndThenOneMoreAfterEachPause) {
  Limits limits;
  limits.set({.pair_burst = 3, .pair_pause = seconds(6)});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(0, limits.check("1", "+1", false, kStart));
  EXPECT_EQ(131056, limits.check("1", "+1", false, kStart));
  EXPECT_EQ(0, limits.check("1", "+2", false, kStart)) << "another user is not concerned";
  EXPECT_EQ(131056, limits.check("1", "+1", false, kStart + milliseconds(5999)));
  EXPECT_EQ(0, limits.check("1", "+1", false, kStart + seconds(6)));
  EXPECT_EQ(131056, limits.check("1", "+1", false, kStart + seconds(6)));
}

TEST(Limits, ANumberHasItsThroughput) {
  Limits limits;
  limits.set({.per_second = 2});
  EXPECT_EQ(0, limits.check("1", "+1", false, kStart));
  EXPECT_EQ(0, limits.check("1", "+2", false, kStart));
  EXPECT_EQ(130429, limits.check("1", "+3", false, kStart));
  EXPECT_EQ(0, limits.check("2", "+3", false, kStart));
  EXPECT_EQ(0, limits.check("1", "+3", false, kStart + milliseconds(500)));
}

TEST(Limits, OutsideTheWindowOnlyTemplatesGo) {
  Limits limits;
  limits.set({.window = true});
  EXPECT_EQ(131047, limits.check("1", "+1", false, kStart));
  EXPECT_EQ(0, limits.check("1", "+1", true, kStart));
  limits.opened("1", "+1", kStart);
  EXPECT_EQ(0, limits.check("1", "+1", false, kStart + std::chrono::hours(24)));
  EXPECT_EQ(131047, limits.check("1", "+1", false, kStart + std::chrono::hours(24) + seconds(1)));
}

}  // namespace
}  // namespace patchbay::simulators::whatsapp
