// Updates of which nothing may be assumed. The forms that Telegram documents are in transcripts/receive_*.yaml.
#include "telegram_update.hpp"

#include <gtest/gtest.h>

namespace patchbay::telegram {
namespace {

UpdateNews read(const Json& update) {
  UpdateNews news;
  readUpdate(update, Time{}, news);
  return news;
}

const Json kChat{{"id", 5550001}, {"type", "private"}};

TEST(Update, WhatLacksItsIdsIsKeptForPeople) {
  for (const Json& odd : {Json{{"update_id", 1}, {"message", {{"text", "no chat"}}}},
                          Json{{"update_id", 1}, {"message", {{"chat", kChat}, {"text", "no number"}}}},
                          Json{{"update_id", 1}, {"message", "a text"}}, Json{{"update_id", 1}, {"message", nullptr}},
                          Json{{"update_id", 1}, {"message", {{"chat", {{"id", 1e30}}}, {"message_id", 1}}}},
                          Json{{"update_id", 1}, {"message", {{"chat", {{"id", "5"}}}, {"message_id", 1}}}},
                          Json{{"update_id", 1}, {"callback_query", Json::object()}}, Json(7), Json::array()}) {
    const auto news = read(odd);
    ASSERT_EQ(news.events.size(), 1U) << odd;
    EXPECT_EQ(news.events[0].kind, "unparsed") << odd;
    EXPECT_FALSE(news.events[0].why.empty());
  }
}

TEST(Update, UnknownKindsAreNothing) {
  for (const char* kind : {"inline_query", "poll", "channel_post", "business_message", "a_kind_of_next_year"})
    EXPECT_TRUE(read({{"update_id", 1}, {kind, {{"id", "1"}}}}).events.empty()) << kind;
}

TEST(Update, MembersOfTheWrongTypeCostNoMessage) {
  const auto news = read({{"update_id", 1},
                          {"message",
                           {{"message_id", 5},
                            {"chat", kChat},
                            {"from", "somebody"},
                            {"date", "yesterday"},
                            {"text", 12},
                            {"photo", {{"not", "a list"}}},
                            {"entities", {1, "x", {{"offset", -3}}}}}}});
  ASSERT_EQ(news.events.size(), 1U);
  EXPECT_EQ(news.events[0].kind, "message");
  EXPECT_EQ(news.events[0].from->address, "5550001");
}

TEST(Update, ABrokenOneLeavesTheOthers) {
  UpdateNews news;
  readUpdate({{"update_id", 1}, {"message", {{"message_id", 5}, {"chat", kChat}, {"text", "a"}}}}, Time{}, news);
  readUpdate({{"update_id", 2}, {"message", {{"text", "b"}}}}, Time{}, news);
  readUpdate({{"update_id", 3}, {"message", {{"message_id", 6}, {"chat", kChat}, {"text", "c"}}}}, Time{}, news);
  ASSERT_EQ(news.events.size(), 3U);
  EXPECT_EQ(news.events[0].id, "5550001:5");
  EXPECT_EQ(news.events[1].kind, "unparsed");
  EXPECT_EQ(news.events[2].id, "5550001:6");
}

TEST(Update, IdsBeyondWhatADoubleHoldsKeepTheirDigits) {
  const Json update = Json::parse(
      R"({"update_id":1,"message":{"message_id":9007199254740993,"chat":{"id":-1009007199254740993,"type":"supergroup"},
          "from":{"id":9007199254740993},"text":"x"}})");
  const auto news = read(update);
  EXPECT_EQ(news.events.at(0).id, "-1009007199254740993:9007199254740993");
  EXPECT_EQ(news.events[0].from->address, "9007199254740993");
}

}  // namespace
}  // namespace patchbay::telegram
