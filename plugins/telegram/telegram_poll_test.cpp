// What a transcript cannot show: the answers to requests that go with a cursor, and limits.
#include "telegram_poll.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::telegram {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;
using patchbay::testing::Turn;

Json config() {
  return {{"bot_token", "110201543:AAHpatchbayExampleToken000000000000"}, {"mode", "poll"}};
}
const Json kPoll{{"kind", "poll"}, {"cursor", "7"}};

Answer updates(const Json& list) {
  return Answer::json(200, {{"ok", true}, {"result", list}});
}
Json press(int number) {
  return {{"update_id", number},
          {"callback_query",
           {{"id", std::to_string(4000000000000000000 + number)},
            {"from", {{"id", 5550001}}},
            {"data", "yes"},
            {"message", {{"message_id", 1}, {"chat", {{"id", 5550001}, {"type", "private"}}}}}}}};
}

TEST(Poll, TheOffsetIsSentOnlyWhenThereIsACursor) {
  FakeHost host(config());
  EXPECT_FALSE(host.poll("").requests.at(0).at("json").contains("offset"));
  EXPECT_EQ(host.poll("730000002").requests.at(0).at("json").at("offset"), 730000002);
  EXPECT_FALSE(host.poll("garbage").requests.at(0).at("json").contains("offset"));
  EXPECT_FALSE(host.poll("-5").requests.at(0).at("json").contains("offset")) << "a negative one drops updates";
}

TEST(Poll, TheClientWaitsLongerThanTelegram) {
  auto with_timeout = config();
  with_timeout["poll_timeout"] = 50;
  const Json request = FakeHost(with_timeout).poll("").requests.at(0);
  EXPECT_EQ(request.at("json").at("timeout"), 50);
  EXPECT_GE(request.at("timeout_ms"), 60000);
}

TEST(Poll, AHundredPressedButtonsAreReadAndAsManyAnsweredAsATurnMay) {
  Json list = Json::array();
  for (int i = 0; i < 100; ++i) list.push_back(press(100 + i));
  FakeHost host(config());
  const Turn turn = host.resume(kPoll, "", {updates(list)});
  ASSERT_TRUE(turn.ok()) << turn.refused;
  EXPECT_EQ(turn.events.size(), 100U);
  EXPECT_EQ(turn.cursor, "200");
  EXPECT_EQ(turn.requests.size(), 60U);
}

TEST(Poll, AnAnswerThatComesTooLateForItsButtonIsNoFailure) {
  FakeHost host(config());
  const Json receive{{"kind", "receive"}, {"id", "1"}};
  const Answer late = Answer::json(
      400, {{"ok", false}, {"error_code", 400}, {"description", "Bad Request: query is too old and so on"}});
  EXPECT_EQ(host.resume(receive, "", {late}).result->at("status"), "sent");
  const Answer busy = Answer::json(429, {{"ok", false},
                                         {"error_code", 429},
                                         {"description", "Too Many Requests: retry after 3"},
                                         {"parameters", {{"retry_after", 3}}}});
  const Turn again = host.resume(receive, "", {late, busy});
  EXPECT_EQ(again.result->at("error").at("class"), "rate_limited");
  EXPECT_EQ(again.result->at("error").at("retry_after"), 3);
}

TEST(Poll, AWebhookIsDeletedOnceAndNotForEver) {
  FakeHost host(config());
  const Answer active = Answer::json(
      409, {{"ok", false},
            {"error_code", 409},
            {"description", "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"}});
  const Turn deleting = host.resume(kPoll, "", {active});
  ASSERT_EQ(deleting.requests.size(), 1U);
  EXPECT_TRUE(deleting.requests[0].at("url").get<std::string>().ends_with("/deleteWebhook"));
  const Turn again = host.resume(kPoll, *deleting.carry, {Answer::json(200, {{"ok", true}, {"result", true}})});
  ASSERT_EQ(again.requests.size(), 1U);
  EXPECT_EQ(again.requests[0].at("json").at("offset"), 7);
  const Turn still = host.resume(kPoll, *again.carry, {active});
  EXPECT_EQ(still.result->at("error").at("class"), "transient");
}

}  // namespace
}  // namespace patchbay::telegram
