#include "delivery/fair_share.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace patchbay::delivery {
namespace {

using Shares = std::vector<std::size_t>;

TEST(FairShare, ATenantWithABacklogDoesNotTakeTheOthersPlace) {
  EXPECT_EQ(fairShare({{"big", 0, 1000}, {"small", 0, 1}}, 10, 100, 0), (Shares{9, 1}));
  EXPECT_EQ(fairShare({{"big", 0, 1000}, {"small", 0, 1000}}, 10, 100, 0), (Shares{5, 5}));
}

TEST(FairShare, WhatIsUnderWayCounts) {
  EXPECT_EQ(fairShare({{"big", 300, 1000}, {"small", 0, 50}}, 20, 1000, 0), (Shares{0, 20}));
  EXPECT_EQ(fairShare({{"big", 5, 10}, {"small", 0, 10}}, 9, 1000, 0), (Shares{2, 7}));
}

TEST(FairShare, ATenantWithManyChannelsGetsNoMoreThanOneWithOne) {
  std::vector<Demand> demands(10, {"many", 0, 100});
  demands.push_back({"one", 0, 100});
  const auto given = fairShare(demands, 20, 100, 0);
  EXPECT_EQ(std::accumulate(given.begin(), given.end() - 1, std::size_t{0}), 10U);
  EXPECT_EQ(given.back(), 10U);
  EXPECT_EQ(*std::max_element(given.begin(), given.end() - 1), 1U) << "and its channels share";
}

TEST(FairShare, ATenantAtItsLimitGetsNothing) {
  EXPECT_EQ(fairShare({{"big", 75, 1000}, {"small", 0, 0}}, 25, 75, 0), (Shares{0, 0}));
  EXPECT_EQ(fairShare({{"big", 70, 1000}}, 30, 75, 0), (Shares{5}));
  EXPECT_EQ(fairShare({{"big", 40, 0}, {"big", 30, 1000}}, 30, 75, 0), (Shares{0, 5})) << "over all of its channels";
}

TEST(FairShare, AmongEqualsAnotherOneComesFirstEachTime) {
  const std::vector<Demand> demands{{"a", 0, 1}, {"b", 0, 1}, {"c", 0, 1}};
  EXPECT_EQ(fairShare(demands, 1, 10, 0), (Shares{1, 0, 0}));
  EXPECT_EQ(fairShare(demands, 1, 10, 1), (Shares{0, 1, 0}));
  EXPECT_EQ(fairShare(demands, 1, 10, 2), (Shares{0, 0, 1}));
  EXPECT_EQ(fairShare(demands, 1, 10, 3), (Shares{1, 0, 0}));
}

TEST(FairShare, NobodyAndNothing) {
  EXPECT_EQ(fairShare({}, 10, 10, 3), Shares{});
  EXPECT_EQ(fairShare({{"a", 0, 5}}, 0, 10, 3), (Shares{0}));
}

}  // namespace
}  // namespace patchbay::delivery
