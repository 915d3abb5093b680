/// Who polls a channel: one host at a time, until it stops, is reloaded, or another has taken over.
#include "integration/polling_fixture.hpp"

namespace patchbay::testing {
namespace {

TEST_F(Polling, TwoHostsNeverPollOneChannelAtOnce) {
  updates_.onPoll([] { std::this_thread::sleep_for(milliseconds{20}); });
  PollingHost one(given()), other(given());
  one.start();
  other.start();
  for (int i = 0; i < 20; ++i) updates_.add(100 + i, "text " + std::to_string(i));
  ASSERT_TRUE(updates_.becomePolled(30));
  ASSERT_TRUE(becomes(kCount, "20"));
  EXPECT_EQ(updates_.mostAtOnce(), 1);
}

TEST_F(Polling, WhoHasLostTheLeaseStoresNothing) {
  updates_.add(7, "one");
  // While the answer is on its way, another host takes over.
  updates_.onPoll([this] {
    database_.query("UPDATE patchbay.polls SET lease_token = gen_random_uuid(), leased_until = now() + interval '1 h'");
  });
  PollingHost host(given());
  host.start();
  EXPECT_TRUE(eventually([&] { return host.stats().polls[2] == 1U; }));
  EXPECT_EQ(count(), "0");
  EXPECT_EQ(database_.query(kCursor), "");
}

TEST_F(Polling, WaitsForAPlaceWithoutAskingAgainAndAgain) {
  const auto gate = std::make_shared<HeldAnswers>();
  updates_.onPoll([gate] { gate->pass(); });
  auto narrow = given();
  narrow.max_in_flight = 1;
  PollingHost host(narrow);
  host.addSecond(host.makeChannel(narrow.config, "second"));
  host.start();
  ASSERT_TRUE(eventually([&] { return gate->reached(); }));
  const auto begun = std::chrono::steady_clock::now();
  const int before = host.rounds();
  std::this_thread::sleep_for(milliseconds{500});
  const int rounds = host.rounds() - before;
  EXPECT_LT(rounds, (std::chrono::steady_clock::now() - begun) / milliseconds{25}) << "one in 50 ms is the sweep";
  gate->open();
  EXPECT_TRUE(becomes("SELECT count(polled_at) FROM patchbay.polls", "2")) << "each has its turn";
  EXPECT_EQ(updates_.mostAtOnce(), 1);
}

TEST_F(Polling, AHostWithAnOldTokenLeavesTheNewBotsCursorAlone) {
  updates_.add(7, "one");
  PollingHost old(given());
  old.start();
  ASSERT_TRUE(becomes(kCursor, "8"));
  // Another host has been configured with another bot.
  database_.query(
      "UPDATE patchbay.polls SET account = 'another', cursor = '', lease_token = NULL, leased_until = NULL");
  ASSERT_TRUE(becomesQuiet(old));
  const auto polls = updates_.offsets().size();
  updates_.add(8, "two");
  std::this_thread::sleep_for(milliseconds{400});
  EXPECT_EQ(updates_.offsets().size(), polls);
  EXPECT_EQ(database_.query(kCursor), "");
}

TEST_F(Polling, StoppingDoesNotWaitForAStoreThatHasFailed) {
  updates_.add(7, "one");
  BlockedTenant blocked(database_.url());
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(storingWaits());
  database_.query("UPDATE patchbay.polls SET lease_token = gen_random_uuid()");  // so that it will fail
  const auto begun = std::chrono::steady_clock::now();
  std::thread release([&] {
    std::this_thread::sleep_for(milliseconds{300});
    blocked.release();
  });
  host.stop();
  release.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds{30}) << "stop_patience is a minute";
  EXPECT_EQ(host.stats().polls[2], 1U);
}

TEST_F(Polling, StoppingGivesTheLeaseBackAlthoughAPollIsUnderWay) {
  const auto gate = std::make_shared<HeldAnswers>();
  updates_.onPoll([gate] { gate->pass(); });
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(eventually([&] { return gate->reached(); }));
  const auto begun = std::chrono::steady_clock::now();
  host.stop();  // the provider still has not answered
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds{30}) << "stop_patience is a minute";
  EXPECT_EQ(database_.query("SELECT lease_token IS NULL FROM patchbay.polls"), "t");
  gate->open();
}

TEST_F(Polling, AReloadAddsRemovesAndStartsAnewForAnotherBot) {
  updates_.add(7, "one");
  PollingHost host(given());
  const auto channel = host.makeChannel(given().config);
  host.become(nullptr);
  host.start();
  ASSERT_TRUE(becomesQuiet(host));
  EXPECT_EQ(updates_.offsets().size(), 0U);
  host.become(channel);
  ASSERT_TRUE(becomes(kCursor, "8"));
  host.become(nullptr);
  ASSERT_TRUE(becomesQuiet(host));
  const auto polls = updates_.offsets().size();
  std::this_thread::sleep_for(milliseconds{300});
  EXPECT_EQ(updates_.offsets().size(), polls);
  auto config = given().config;
  config["poll_timeout"] = 2;  // the same bot: the cursor stays
  host.become(host.makeChannel(config));
  ASSERT_TRUE(updates_.becomePolled(polls + 1));
  EXPECT_EQ(updates_.offsets()[polls], 8);
  host.become(nullptr);
  ASSERT_TRUE(becomesQuiet(host));
  const auto before = updates_.offsets().size();
  config["bot_token"] = "220402086:AAHanotherExampleToken0000000000000";
  host.become(host.makeChannel(config));
  ASSERT_TRUE(updates_.becomePolled(before + 1));
  EXPECT_EQ(updates_.offsets()[before], 0);
}

}  // namespace
}  // namespace patchbay::testing
