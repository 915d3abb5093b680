// Single properties; the cases themselves are transcripts/receive_*.yaml.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>
#include <utility>

#include "meta/webhook.hpp"

namespace patchbay::messenger {
namespace {

using meta::readMessaging;
using patchbay::testing::Answer;
using patchbay::testing::FakeHost;

Json config() {
  return {{"page_id", "100200300400500"}, {"access_token", "t"}, {"app_secret", "s"}};
}

const meta::Account kAccount{};

constexpr std::string_view kEverything = R"({"object":"page","entry":[{"id":"100200300400500","time":1790000000123,
  "messaging":[
   {"sender":{"id":"7"},"recipient":{"id":"1"},"timestamp":1790000000045,"message":{"mid":"a","text":"x",
     "quick_reply":{"payload":"p"},"reply_to":{"mid":"z"},"referral":{"ref":"r","source":"ADS","ad_id":"1"}}},
   {"sender":{"id":"7"},"timestamp":1,"message":{"mid":"b","attachments":[
     {"type":"image","payload":{"url":"https://x.test/1","sticker_id":5}},{"type":"sticker","payload":{"url":"https://x.test/1","sticker_id":"5"}},
     {"type":"fallback","payload":null,"title":"t","url":"https://x.test/2"},{"type":"location","payload":{"coordinates":{"lat":1,"long":2}}},
     {"type":"template","payload":{"elements":[{"title":"e"}]}},{"type":"like_heart"}]}},
   {"sender":{"id":"1"},"recipient":{"id":"7"},"message":{"mid":"c","is_echo":true,"app_id":1,"metadata":"m","text":"e"}},
   {"sender":{"id":"7"},"timestamp":3,"postback":{"title":"t","payload":"p","referral":{"ref":"r"}}},
   {"sender":{"id":"7"},"timestamp":4,"reaction":{"mid":"a","action":"react","reaction":"love"}},
   {"sender":{"id":"7"},"delivery":{"watermark":1790000000000,"mids":["c"]}},
   {"sender":{"id":"7"},"read":{"watermark":1790000000000}},
   {"sender":{"id":"7"},"read":{"mid":"c"}},
   {"sender":{"id":"7"},"message_edit":{"mid":"a","text":"n","num_edit":1}},
   {"sender":{"id":"7"},"referral":{"ref":"r","source":"SHORTLINK","type":"OPEN_THREAD"}},
   {"sender":{"user_ref":"u"},"optin":{"ref":"r","user_ref":"u"}},
   {"recipient":{"id":"1"},"policy_enforcement":{"action":"block","reason":"r"}},
   {"sender":{"id":"7"},"message":{"mid":"a","is_deleted":true}}],
  "standby":[{"sender":{"id":"7"},"message":{"mid":"d","text":"s"}}]}]})";

/// `value` with each value below it, one at a time, replaced by `odd`.
template <class Visit>
void replaceEach(Json& whole, Json& value, const Json& odd, Visit visit) {
  if (value.is_structured())
    for (auto& child : value) replaceEach(whole, child, odd, visit);
  Json kept = std::exchange(value, odd);
  visit(whole);
  value = std::move(kept);
}

TEST(ReadMessaging, SurvivesAnyValueInAnyPlace) {
  Json whole = parseJson(kEverything);
  ASSERT_EQ(readMessaging(kAccount, whole, Time()).size(), 16u);
  for (const Json& odd : {Json(), Json(true), Json(-1), Json(1.5), Json(""), Json("x"), Json::array(), Json::object(),
                          Json({{"id", Json::array()}}), Json(Json::array({nullptr, 1, "x", Json::object()})),
                          Json(std::string(600, 'i'))})
    replaceEach(whole, whole, odd, [](const Json& mutated) {
      for (const Event& event : readMessaging(kAccount, mutated, Time())) {
        const std::string document = dumpJson(event.toJson());
        EXPECT_LE(event.id.size(), 512u);
        EXPECT_FALSE(event.kind.empty()) << document;
        const bool whole_message = event.from && !event.from->address.empty() && !event.type.empty();
        EXPECT_TRUE(event.kind != "message" || whole_message) << document;
      }
    });
}

TEST(ReadMessaging, ABatchOfAThousandKeepsItsOrder) {
  Json items = Json::array();
  for (int i = 0; i < 1000; ++i)
    items.push_back({{"sender", {{"id", "7"}}}, {"message", {{"mid", "m_" + std::to_string(i)}, {"text", "x"}}}});
  const auto events = readMessaging(kAccount, {{"entry", {{{"messaging", items}}}}}, Time());
  ASSERT_EQ(events.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(events[static_cast<std::size_t>(i)].id, "m_" + std::to_string(i));
}

TEST(ReadMessaging, APostbackWithoutAMidHasTheSameIdWheneverItComes) {
  const auto idOf = [](const char* payload, std::int64_t timestamp) {
    const Json item = {{"sender", {{"id", "7"}}}, {"timestamp", timestamp}, {"postback", {{"payload", payload}}}};
    return readMessaging(kAccount, {{"entry", {{{"id", "1"}, {"messaging", {item}}}}}}, Time()).at(0).id;
  };
  EXPECT_EQ(idOf("A", 1790000000001), idOf("A", 1790000000001));
  EXPECT_NE(idOf("A", 1790000000001), idOf("B", 1790000000001));
  EXPECT_NE(idOf("A", 1790000000001), idOf("A", 1790000000002));
}

TEST(Receive, GarbageIsInvalidInputAndNothingElse) {
  FakeHost host(config());
  for (const std::string& garbage :
       {std::string(), std::string("{"), std::string("\xff\xfe"), std::string(200000, '['), std::string(1, '\0')})
    EXPECT_EQ(host.receive(garbage).status, PB_INVALID_INPUT);
}

TEST(Receive, AnotherProductsWebhookWithoutEntriesIsIgnoredWithAWarning) {
  FakeHost host(config());
  for (const char* body : {R"({"object":"instagram","entry":[]})", "[]", "null", R"({"object":7})"}) {
    const auto turn = host.receive(std::string(body));
    EXPECT_EQ(turn.status, PB_IGNORED) << body;
    EXPECT_EQ(turn.diagnostics.at(0).code, "foreign_object") << body;
  }
}

TEST(Receive, AnotherProductsWebhookWithEntriesIsRefusedSoThatTheHostKeepsIt) {
  FakeHost host(config());
  const auto turn = host.receive(std::string(R"({"object":"instagram","entry":[{"id":"1","messaging":[{}]}]})"));
  EXPECT_EQ(turn.status, PB_INVALID_INPUT);
  EXPECT_TRUE(turn.events.empty());
}

TEST(Receive, WhatIsTooMuchForAnEventIsCutInsteadOfLosingTheWebhook) {
  FakeHost host(config());
  Json attachments = Json::array(), items = Json::array(), mids = Json::array();
  for (int i = 0; i < 101; ++i)
    attachments.push_back({{"type", "image"}, {"payload", {{"url", "https://cdn.example.test/" + std::to_string(i)}}}});
  items.push_back({{"sender", {{"id", "7"}}}, {"message", {{"mid", "m"}, {"attachments", attachments}}}});
  for (int i = 0; i < 1000; ++i) mids.push_back("m_" + std::to_string(i));
  for (int i = 0; i < 6; ++i)
    items.push_back({{"sender", {{"id", "7"}}}, {"delivery", {{"watermark", 1790000000050}, {"mids", mids}}}});
  const Json webhook = {{"object", "page"}, {"entry", {{{"id", "100200300400500"}, {"messaging", items}}}}};
  const auto turn = host.receive(dumpJson(webhook));
  ASSERT_TRUE(turn.ok());
  EXPECT_EQ(turn.events.at(0).at("media").size(), 100u);
  EXPECT_EQ(turn.events.size(), 1u + 1000u + 6u);
}

// ---- The names of those who write ----

std::string from(std::initializer_list<const char*> people) {
  Json items = Json::array();
  for (const char* person : people)
    items.push_back(
        {{"sender", {{"id", person}}}, {"message", {{"mid", "m_" + std::to_string(items.size())}, {"text", "x"}}}});
  return dumpJson({{"object", "page"}, {"entry", {{{"id", "100200300400500"}, {"messaging", items}}}}});
}

TEST(Profiles, EveryoneIsAskedForOncePerWebhook) {
  FakeHost host(config());
  const auto turn = host.receive(from({"7", "8", "7"}));
  ASSERT_EQ(turn.requests.size(), 2u);
  EXPECT_EQ(turn.requests[0].at("url"),
            "https://graph.facebook.com/v24.0/7?fields=first_name,last_name,name,profile_pic");
  EXPECT_EQ(turn.requests[1].at("url"),
            "https://graph.facebook.com/v24.0/8?fields=first_name,last_name,name,profile_pic");
}

TEST(Profiles, NamesBecomeContactsAndWhatCannotBeHadIsNoFailure) {
  FakeHost host(config());
  const auto asked = host.receive(from({"7", "8", "9"}));
  const Json operation = {{"kind", "receive"}};
  const auto turn = host.resume(
      operation, *asked.carry,
      {Answer::json(200, {{"first_name", "Ines"}, {"last_name", "Moreau"}}), Answer::json(200, Json::object()),
       Answer::json(400, {{"error", {{"code", 100}, {"error_subcode", 33}}}})});
  ASSERT_TRUE(turn.ok());
  EXPECT_EQ(turn.result->at("status"), "sent");
  ASSERT_EQ(turn.events.size(), 1u);
  EXPECT_EQ(turn.events[0].at("kind"), "contact");
  EXPECT_EQ(turn.events[0].at("from"), Json({{"kind", "psid"}, {"address", "7"}, {"name", "Ines Moreau"}}));
}

TEST(Profiles, ABusyPageIsLeftAlone) {
  FakeHost host(config());
  const auto asked = host.receive(from({"7"}));
  const auto turn = host.resume({{"kind", "receive"}}, *asked.carry, {Answer::json(400, {{"error", {{"code", 32}}}})});
  EXPECT_EQ(turn.throttles, std::vector<Json>{Json({{"scope", "channel"}, {"until", "2026-01-05T10:05:00.000Z"}})});
}

TEST(Profiles, AreNotAskedForWhereTheAdminSaysSoNorForThousandsAtOnce) {
  Json quiet = config();
  quiet["profiles"] = false;
  EXPECT_TRUE(FakeHost(quiet).receive(from({"7"})).requests.empty());
  FakeHost host(config());
  EXPECT_EQ(host.receive(from({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"})).requests.size(), 10u);
}

}  // namespace
}  // namespace patchbay::messenger
