// Steps that are made again, and plans of several messages. The rest is transcripts/send_*.yaml.
#include "telegram_send.hpp"

#include <gtest/gtest.h>

#include <patchbay/split_text.hpp>
#include <patchbay/testing.hpp>

namespace patchbay::telegram {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;
using patchbay::testing::Turn;

Json config() {
  return {{"bot_token", "110201543:AAHpatchbayExampleToken000000000000"}, {"webhook_secret", "s"}};
}
Json message(const Json& more) {
  Json operation = {
      {"kind", "message"}, {"ref", "r-1"}, {"to", {{"kind", "telegram"}, {"address", "5550001"}}}, {"type", "text"}};
  operation.update(more);
  return operation;
}
Answer sent(int number) {
  return Answer::json(
      200, {{"ok", true}, {"result", {{"message_id", number}, {"chat", {{"id", 5550001}, {"type", "private"}}}}}});
}
Answer throttled(int seconds) {
  return Answer::json(429, {{"ok", false},
                            {"error_code", 429},
                            {"description", "Too Many Requests: retry after"},
                            {"parameters", {{"retry_after", seconds}}}});
}
std::string longText() {
  std::string text;
  while (text.size() < 9000) text += "word 👋 ";
  return text;
}

TEST(Send, APartThatWasThrottledIsMadeAgainWithoutThoseBeforeIt) {
  FakeHost host(config());
  const Json operation = message({{"text", longText()}});
  const Turn first = host.perform(operation);
  const Turn second = host.resume(operation, *first.carry, {sent(41)});
  const Turn stopped = host.resume(operation, *second.carry, {throttled(7)});
  EXPECT_EQ(stopped.result->at("status"), "partial");
  EXPECT_EQ(stopped.result->at("ids"), Json::array({"5550001:41"}));
  EXPECT_EQ(stopped.result->at("error").at("retry_after"), 7);
  EXPECT_EQ(stopped.throttles.at(0).at("scope"), "recipient");
  const Turn again = host.resume(operation, *stopped.carry, {});
  EXPECT_EQ(again.requests, second.requests);
  const Turn twice = host.resume(operation, *again.carry, {throttled(7)});
  EXPECT_EQ(twice.throttles.at(0).at("scope"), "channel");
}

TEST(Send, EveryPartOfALongTextFitsAndOnlyTheLastHasTheButtons) {
  FakeHost host(config());
  const Json operation =
      message({{"text", longText()}, {"reply_to", "5550001:7"}, {"quick_replies", {{{"id", "y"}, {"title", "Yes"}}}}});
  std::vector<Json> made;
  int number = 0;
  const Turn end = host.runOperation(
      operation, [&](const Json&) { return sent(++number); }, &made);
  ASSERT_GT(made.size(), 1U);
  EXPECT_EQ(end.result->at("ids").size(), made.size());
  EXPECT_EQ(end.throttles.size(), 1U) << "the pace is kept after the message, not between its parts";
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Json& body = made[i].at("json");
    EXPECT_LE(textLength(body.at("text").get<std::string>(), TextUnit::kUtf16), 4096U);
    EXPECT_EQ(body.contains("reply_parameters"), i == 0);
    EXPECT_EQ(body.contains("reply_markup"), i + 1 == made.size());
    EXPECT_EQ(made[i].value("completes", false), i + 1 == made.size());
  }
}

TEST(Send, AGroupThatMovedKeepsItsNewNumberWhenTheStepIsMadeAgain) {
  FakeHost host(config());
  const Json operation = message({{"text", "x"}, {"thread", {{"key", "group:-4001"}}}});
  const Turn first = host.perform(operation);
  EXPECT_EQ(first.requests.at(0).at("json").at("chat_id"), -4001);
  const Answer moved = Answer::json(400, {{"ok", false},
                                          {"error_code", 400},
                                          {"description", "Bad Request: group chat was upgraded to a supergroup chat"},
                                          {"parameters", {{"migrate_to_chat_id", -1002233445566778}}}});
  const Turn second = host.resume(operation, *first.carry, {moved});
  EXPECT_EQ(second.requests.at(0).at("json").at("chat_id"), -1002233445566778);
  EXPECT_EQ(host.resume(operation, *second.carry, {}).requests, second.requests);
  EXPECT_EQ(host.resume(operation, *second.carry, {moved}).result->at("status"), "failed") << "once, not for ever";
}

TEST(Send, AnAnswerWithoutTheMessageLeavesOpenWhatHappened) {
  FakeHost host(config());
  const Json operation = message({{"text", "x"}});
  const Turn first = host.perform(operation);
  const Turn end = host.resume(operation, *first.carry, {Answer::json(200, {{"ok", true}, {"result", true}})});
  EXPECT_EQ(end.result->at("error").at("class"), "unknown");
}

TEST(Send, FilesOfOneMessageLeaveOneByOneAndTheTextIsTheCaptionOfTheFirst) {
  FakeHost host(config());
  const Json operation = message({{"type", "image"},
                                  {"text", "both"},
                                  {"media",
                                   {{{"url", "https://a.example/1.jpg"}, {"mime_type", "image/jpeg"}},
                                    {{"url", "https://a.example/2.jpg"}, {"mime_type", "image/jpeg"}}}}});
  std::vector<Json> made;
  int number = 0;
  host.runOperation(
      operation, [&](const Json&) { return sent(++number); }, &made);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].at("json").at("caption"), "both");
  EXPECT_FALSE(made[1].at("json").contains("caption"));
}

}  // namespace
}  // namespace patchbay::telegram
