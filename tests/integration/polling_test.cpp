/// What a poll brings, on a real database and real connector libraries: stored once, confirmed afterwards, and no odd
/// answer holds up the channel.
#include "integration/polling_fixture.hpp"

namespace patchbay::testing {
namespace {

TEST_F(Polling, StoresEventsAndConfirmsThemWithTheNextPoll) {
  updates_.add(7, "one");
  updates_.add(8, "two");
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(becomes(kCount, "2"));
  EXPECT_EQ(database_.query(kCursor), "9");
  ASSERT_TRUE(updates_.becomePolled(3));
  EXPECT_EQ(updates_.offsets()[0], 0);
  EXPECT_EQ(updates_.offsets()[1], 9);
  EXPECT_EQ(updates_.left(), 0U);
  EXPECT_TRUE(eventually([&] { return host.stats().polls[0] == 1U; })) << "one of them brought something";
  EXPECT_NE(host.stats().lastPoll(), Timestamp{});
}

TEST_F(Polling, WorksTheSameInAWorker) {
  updates_.add(7, "one");
  auto isolated = given();
  isolated.isolation = connectors::Isolation::kWorker;
  PollingHost host(isolated);
  host.start();
  ASSERT_TRUE(becomes(kCount, "1"));
  EXPECT_TRUE(becomes(kCursor, "8"));
}

TEST_F(Polling, WhatComesTwiceIsThereOnce) {
  updates_.add(7, "one");
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(becomes(kCursor, "8"));
  database_.query("UPDATE patchbay.polls SET cursor = ''");  // as if the cursor's COMMIT had been lost
  updates_.add(7, "one");
  updates_.add(8, "two");
  ASSERT_TRUE(becomes(kCount, "2"));
  EXPECT_TRUE(becomes(kCursor, "9"));
}

TEST_F(Polling, AFailureKeepsTheCursorAndIsTriedAgain) {
  updates_.add(7, "one");
  updates_.answerWith(refusal(502, "Bad Gateway"), 3);
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(becomes(kCount, "1"));
  const auto offsets = updates_.offsets();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(offsets.at(i), 0) << i;
  EXPECT_EQ(host.stats().polls[2], 3U);
  EXPECT_TRUE(eventually([&] { return host.stats().pollFailures() == 0U; })) << "it went well since";
  EXPECT_NE(host.stats().lastError().text.find("poll failed: transient"), std::string::npos);
  EXPECT_TRUE(becomes("SELECT failures FROM patchbay.polls", "0"));
}

TEST_F(Polling, WaitsAsLongAsTheProviderSays) {
  updates_.answerWith(refusal(429, "Too Many Requests: retry after 600", {{"retry_after", 600}}), 1000);
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(becomes("SELECT failures FROM patchbay.polls", "1"));
  EXPECT_EQ(database_.query("SELECT due_at > now() + interval '590 s' FROM patchbay.polls"), "t");
  EXPECT_EQ(updates_.offsets().size(), 1U);
}

TEST_F(Polling, APressedButtonIsAnsweredOnceItsEventIsDurable) {
  updates_.addUpdate(7, Json{{"callback_query",
                              {{"id", "77"},
                               {"from", {{"id", 5550001}}},
                               {"data", "yes"},
                               {"message", {{"message_id", 1}, {"chat", {{"id", 5550001}, {"type", "private"}}}}}}}});
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(becomes(kCursor, "8"));
  EXPECT_EQ(count(), "1");
  EXPECT_EQ(database_.query("SELECT count(*) FROM patchbay.due WHERE kind = 'request' AND channel_name = 'bot'"), "1");
  EXPECT_TRUE(eventually([&] { return host.queued() == 1; }));
}

TEST_F(Polling, AnUpdateThatCannotBeReadIsKeptAndHoldsUpNobody) {
  updates_.addUpdate(7, Json{{"message", {{"text", "of no chat"}}}});
  updates_.add(8, "good");
  PollingHost host(given());
  host.start();
  ASSERT_TRUE(becomes(kCount, "1"));
  EXPECT_EQ(database_.query(kCursor), "9");
  EXPECT_EQ(database_.query("SELECT reason FROM tenant_acme.pb_quarantine"), "unparsed: a message without chat.id");
}

TEST_F(Polling, AnswersThatTheConnectorCannotDigestDoNotHoldUpTheChannelForEver) {
  const std::string script = dumpJson(Json::array({{{"throw", "cannot read this"}}}));
  updates_.answerWith(testing_support::answer(script), 1000);
  const Json ask{{"method", "POST"},
                 {"url", "http://" + updates_.authority() + "/"},
                 {"repeat", "safe"},
                 {"json", Json::object()}};
  auto scripted = given();
  scripted.connector = "scripted";
  scripted.libraries = {SCRIPTED_LIBRARY};
  scripted.config = {{"number", "1061"},
                     {"secret", "s-e-c-r-e-t"},
                     {"base_url", "http://" + updates_.authority()},
                     {"poll", dumpJson(ask)}};
  PollingHost host(scripted);
  host.start();
  ASSERT_TRUE(becomes(kCursor, "past it"));
  EXPECT_EQ(updates_.offsets().size(), 4U) << "three failures, and one in which it looked away";
  EXPECT_EQ(database_.query("SELECT reason FROM tenant_acme.pb_quarantine"), "unparsed: nobody looked into it");
}

}  // namespace
}  // namespace patchbay::testing
