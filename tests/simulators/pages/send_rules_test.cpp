#include "simulators/pages/send_rules.hpp"

#include <gtest/gtest.h>

namespace patchbay::simulators::pages {
namespace {

const Account kPage{.product = Product::kMessenger, .id = "1001"};
const Account kInsta{.product = Product::kInstagram, .id = "1784"};
const Account kBehindPage{.product = Product::kInstagram, .id = "1784", .page_id = "1001"};

std::string refusal(const Account& account, const Json& body) {
  const auto refused = checkSend(account, body, [](const std::string& id) { return id == "5550001"; });
  return refused ? std::to_string(refused->code) + "-" + std::to_string(refused->subcode) : "taken";
}

Json body(Json message) {
  return {{"recipient", {{"id", "7"}}}, {"messaging_type", "RESPONSE"}, {"message", std::move(message)}};
}
Json file(Json payload, const char* type = "image") {
  return body({{"attachment", {{"type", type}, {"payload", std::move(payload)}}}});
}

TEST(CheckSend, TakesWhatTheSheetShows) {
  EXPECT_EQ(refusal(kPage, body({{"text", "Hello"}, {"metadata", "out-42"}})), "taken");
  EXPECT_EQ(refusal(kPage, file({{"url", "https://x.test/1"}, {"is_reusable", false}})), "taken");
  EXPECT_EQ(refusal(kPage, file({{"attachment_id", "5550001"}})), "taken");
  EXPECT_EQ(refusal(kInsta, {{"recipient", {{"id", "7"}}}, {"message", {{"text", "Hello"}}}}), "taken");
  EXPECT_EQ(refusal(kPage, {{"recipient", {{"id", "7"}}}, {"sender_action", "typing_on"}}), "taken");
}

TEST(CheckSend, CountsCharactersForMessengerAndBytesForInstagram) {
  EXPECT_EQ(refusal(kPage, body({{"text", std::string(1999, 'x')}})), "taken");
  EXPECT_EQ(refusal(kPage, body({{"text", std::string(2000, 'x')}})), "100-0");
  std::string accents;
  for (int i = 0; i < 500; ++i) accents += "\u00e9";
  EXPECT_EQ(refusal(kInsta, body({{"text", accents}})), "taken");
  EXPECT_EQ(refusal(kInsta, body({{"text", accents + "x"}})), "100-0");
}

TEST(CheckSend, RefusesWhatExcludesEachOther) {
  EXPECT_EQ(refusal(kPage, body({{"text", "x"},
                                 {"attachment", {{"type", "image"}, {"payload", {{"url", "https://x.test"}}}}}})),
            "100-0");
  EXPECT_EQ(refusal(kPage, file({{"url", "https://x.test"}, {"attachment_id", "5550001"}})), "100-0");
  Json both = body({{"text", "x"}});
  both["sender_action"] = "typing_on";
  EXPECT_EQ(refusal(kPage, both), "100-0");
  EXPECT_EQ(refusal(kPage, body({{"text", "x"}, {"reply_to", {{"mid", "m_1"}}}})), "100-0");
}

TEST(CheckSend, KnowsWhatWasUploaded) {
  EXPECT_EQ(refusal(kPage, file({{"attachment_id", "1"}})), "100-2018074");
  EXPECT_EQ(refusal(kPage, file({{"attachment_id", 5550001}})), "100-2018074");
}

TEST(CheckSend, RefusesTagsThatDoNotExistAnyMore) {
  Json tagged = body({{"text", "x"}});
  tagged.update({{"messaging_type", "MESSAGE_TAG"}, {"tag", "HUMAN_AGENT"}});
  EXPECT_EQ(refusal(kPage, tagged), "taken");
  tagged["tag"] = "ACCOUNT_UPDATE";
  EXPECT_EQ(refusal(kPage, tagged), "100-0");
  EXPECT_EQ(refusal(kPage, {{"recipient", {{"id", "7"}}}, {"message", {{"text", "x"}}}}), "100-0");
}

TEST(CheckSend, CountsQuickRepliesElementsAndButtons) {
  Json replies = Json::array();
  for (int i = 0; i < 13; ++i) replies.push_back({{"content_type", "text"}, {"title", "t"}, {"payload", "p"}});
  EXPECT_EQ(refusal(kPage, body({{"text", "x"}, {"quick_replies", replies}})), "taken");
  replies.push_back(replies[0]);
  EXPECT_EQ(refusal(kPage, body({{"text", "x"}, {"quick_replies", replies}})), "105-0");
  Json elements = Json::array();
  for (int i = 0; i < 10; ++i) elements.push_back({{"title", "t"}});
  EXPECT_EQ(refusal(kPage, file({{"template_type", "generic"}, {"elements", elements}}, "template")), "taken");
  elements.push_back({{"title", "t"}});
  EXPECT_EQ(refusal(kPage, file({{"template_type", "generic"}, {"elements", elements}}, "template")), "105-0");
}

TEST(CheckSend, ReactionsBehindAPageAreTheHeartAlone) {
  const auto react = [](const char* reaction) {
    return Json{{"recipient", {{"id", "7"}}},
                {"sender_action", "react"},
                {"payload", {{"message_id", "m_1"}, {"reaction", reaction}}}};
  };
  EXPECT_EQ(refusal(kInsta, react("\U0001F44D")), "taken");
  EXPECT_EQ(refusal(kBehindPage, react("love")), "taken");
  EXPECT_EQ(refusal(kBehindPage, react("\U0001F44D")), "100-0");
}

TEST(CheckSend, SeveralPicturesAreInstagrams) {
  const Json picture{{"type", "image"}, {"payload", {{"url", "https://x.test/1"}}}};
  EXPECT_EQ(refusal(kInsta, body({{"attachments", Json::array({picture, picture})}})), "taken");
  EXPECT_EQ(refusal(kPage, body({{"attachments", Json::array({picture, picture})}})), "100-0");
}

TEST(CheckSend, SurvivesAnything) {
  for (const Json& odd : {Json(), Json(7), Json("x"), Json::array(), Json::object(), Json{{"recipient", 7}},
                          Json{{"recipient", {{"id", 7}}}}, body(Json()), body({{"attachment", Json()}}),
                          body({{"attachments", Json()}}), body({{"quick_replies", 7}, {"text", "x"}})})
    EXPECT_NE(refusal(kPage, odd), "taken") << odd;
}

}  // namespace
}  // namespace patchbay::simulators::pages
