#include "api/turn_queues.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace patchbay::api {
namespace {

using namespace std::chrono_literals;

TEST(TurnQueues, RunsTheTasksOfOneChannelInTheirOrder) {
  std::vector<int> order;
  std::latch done(200);
  TurnQueues queues;
  const int channel = 0;
  for (int i = 0; i < 200; ++i) {
    while (!queues.post(&channel, [&, i](bool) {
      order.push_back(i);
      done.count_down();
    }))
      std::this_thread::sleep_for(1ms);
  }
  done.wait();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order.at(static_cast<std::size_t>(i)), i);
}

TEST(TurnQueues, AChannelThatHangsHoldsUpNobodyElse) {
  std::latch release(1), good(50);
  const int bad = 0, other = 0;
  TurnQueues queues;  // last, so that it ends first: what waits in it uses the latches
  for (int i = 0; i < 5; ++i) queues.post(&bad, [&](bool) { release.wait(); });
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(queues.post(&other, [&](bool) { good.count_down(); }));
  good.wait();
  release.count_down();
}

TEST(TurnQueues, RefusesWhatIsOverTheLimitOfAChannel) {
  std::latch started(1), release(1);
  const int channel = 0, other = 0;
  TurnQueues queues({.max_threads = 2, .max_queued = 3});
  ASSERT_TRUE(queues.post(&channel, [&](bool) {
    started.count_down();
    release.wait();
  }));
  started.wait();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queues.post(&channel, [](bool) {}));
  EXPECT_FALSE(queues.post(&channel, [](bool) { ADD_FAILURE(); }));
  EXPECT_EQ(queues.queued(), 3U);
  EXPECT_TRUE(queues.post(&other, [](bool) {}));
  release.count_down();
}

TEST(TurnQueues, WhatWaitsIsAnsweredWhenItStops) {
  std::latch started(1);
  std::atomic<int> ran{0}, told{0};
  const int channel = 0;
  TurnQueues queues;
  queues.post(&channel, [&](bool) {
    started.count_down();
    for (int i = 0; i < 60000 && told < 4; ++i)
      std::this_thread::sleep_for(1ms);  // so that no other has its turn before the stop
    ++ran;
  });
  for (int i = 0; i < 4; ++i) queues.post(&channel, [&](bool run) { ++(run ? ran : told); });
  started.wait();
  queues.stop();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(told, 4);
  EXPECT_FALSE(queues.post(&channel, [](bool) {}));
}

TEST(TurnQueues, HasNoMoreThreadsThanItMay) {
  std::atomic<int> now{0}, most{0};
  std::latch done(40);
  int channels[40];
  {
    TurnQueues queues({.max_threads = 3, .max_queued = 10});
    for (const auto& channel : channels)
      queues.post(&channel, [&](bool) {
        const int count = ++now;
        for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
        }
        // Until two have met, however late the second thread comes.
        for (int i = 0; i < 2 || (most < 2 && i < 30000); ++i) std::this_thread::sleep_for(1ms);
        --now;
        done.count_down();
      });
    done.wait();
  }
  EXPECT_GE(most, 2);
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace patchbay::api
