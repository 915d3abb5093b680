// Single properties; the cases themselves are transcripts/receive_*.yaml.
#include "whatsapp_receive.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

#include "whatsapp_person.hpp"

namespace patchbay::whatsapp {
namespace {

using patchbay::testing::FakeHost;

Json config() {
  return {{"phone_number_id", "401200000000002"}, {"access_token", "t"}, {"app_secret", "s"}};
}

constexpr std::string_view kEverything = R"({"object":"whatsapp_business_account","entry":[{"id":"3","changes":[
  {"field":"messages","value":{"metadata":{"phone_number_id":"401200000000002"},
   "contacts":[{"profile":{"name":"Ines"},"wa_id":"33611112222","user_id":"FR.1"}],
   "messages":[
    {"from":"33611112222","id":"a","timestamp":"1790000000","type":"text","text":{"body":"x"},"context":{"id":"c"}},
    {"from":"33611112222","id":"b","timestamp":"1790000000","type":"image","image":{"id":"1","sha256":"eA==","caption":"c"}},
    {"from":"33611112222","id":"c","timestamp":"1790000000","type":"location","location":{"latitude":1,"longitude":"2"}},
    {"from":"33611112222","id":"d","timestamp":"1790000000","type":"contacts","contacts":[{"name":{"first_name":"A"},"phones":[{"phone":"1"}]}]},
    {"from":"33611112222","id":"e","timestamp":"1790000000","type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"response_json":"{}"}}},
    {"from":"33611112222","id":"f","timestamp":"1790000000","type":"reaction","reaction":{"message_id":"m","emoji":"x"}},
    {"from":"33611112222","id":"g","timestamp":"1790000000","type":"order","order":{"product_items":[{"quantity":1,"item_price":2}]}},
    {"from":"33611112222","id":"h","timestamp":"1790000000","type":"edit","edit":{"original_message_id":"o","message":{"type":"text","text":{"body":"n"}}}},
    {"from":"33611112222","id":"i","timestamp":"1790000000","type":"system","system":{"type":"user_changed_number","wa_id":"33611113333"}},
    {"from":"33611112222","id":"j","timestamp":"1790000000","type":"unsupported","errors":[{"code":131051}],"referral":{"source_id":"1"}}],
   "statuses":[{"id":"s","status":"failed","timestamp":"1790000000","errors":[{"code":131026,"error_data":{"details":"d"}}]}],
   "errors":[{"code":1}]}},
  {"field":"smb_message_echoes","value":{"message_echoes":[{"from":"1","to":"33611112222","id":"k","type":"text","text":{"body":"e"}}]}},
  {"field":"user_id_update","value":{"user_id_update":[{"user_id":{"previous":"FR.1","current":"FR.2"}}]}}]}]})";

/// `value` with each value below it, one at a time, replaced by `odd`.
template <class Visit>
void replaceEach(Json& whole, Json& value, const Json& odd, Visit visit) {
  if (value.is_structured())
    for (auto& child : value) replaceEach(whole, child, odd, visit);
  Json kept = std::exchange(value, odd);
  visit(whole);
  value = std::move(kept);
}

TEST(ReadWebhook, SurvivesAnyValueInAnyPlace) {
  Json whole = parseJson(kEverything);
  const std::size_t expected = readWebhook(whole, Time()).size();
  ASSERT_EQ(expected, 13u);
  for (const Json& odd : {Json(), Json(-1.5), Json("x"), Json::array(), Json::object(), Json({{"id", Json::array()}}),
                          Json(Json::array({nullptr, 1, "x", Json::object()})), Json(std::string(600, 'i'))})
    replaceEach(whole, whole, odd, [](const Json& mutated) {
      for (const Event& event : readWebhook(mutated, Time())) {
        const std::string document = dumpJson(event.toJson());
        EXPECT_LE(event.id.size(), 512u);
        EXPECT_FALSE(event.kind.empty()) << document;
        const bool whole_message = event.from && !event.from->address.empty() && !event.type.empty();
        EXPECT_TRUE(event.kind != "message" || whole_message) << document;
      }
    });
}

TEST(ReadWebhook, SameBytesGiveTheSameEvents) {
  FakeHost host(config());
  EXPECT_EQ(host.receive(std::string(kEverything)).events, host.receive(std::string(kEverything)).events);
}

TEST(ReadWebhook, ABatchOfAThousandKeepsItsOrder) {
  Json messages = Json::array();
  for (int i = 0; i < 1000; ++i)
    messages.push_back({{"from", "33611112222"},
                        {"id", "wamid." + std::to_string(i)},
                        {"timestamp", "1790000000"},
                        {"type", "text"},
                        {"text", {{"body", "x"}}}});
  const Json webhook = {{"object", "whatsapp_business_account"},
                        {"entry", {{{"changes", {{{"field", "messages"}, {"value", {{"messages", messages}}}}}}}}}};
  const auto events = readWebhook(webhook, Time());
  ASSERT_EQ(events.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(events[static_cast<std::size_t>(i)].id, "wamid." + std::to_string(i));
}

TEST(Receive, GarbageIsInvalidInputAndNothingElse) {
  FakeHost host(config());
  for (const std::string& garbage :
       {std::string(), std::string("{"), std::string("\xff\xfe"), std::string(200000, '['), std::string(1, '\0')}) {
    const auto turn = host.receive(garbage);
    EXPECT_EQ(turn.status, PB_INVALID_INPUT);
    EXPECT_EQ(turn.diagnostics.at(0).code, "invalid_json");
  }
}

TEST(Receive, AnotherProductsWebhookWithoutEntriesIsIgnoredWithAWarning) {
  FakeHost host(config());
  for (const char* body : {R"({"object":"page","entry":[]})", "[]", "null", R"({"object":7})"}) {
    const auto turn = host.receive(std::string(body));
    EXPECT_EQ(turn.status, PB_IGNORED) << body;
    EXPECT_EQ(turn.diagnostics.at(0).code, "foreign_object") << body;
  }
}

TEST(Receive, AnotherProductsWebhookWithEntriesIsRefusedSoThatTheHostKeepsIt) {
  FakeHost host(config());
  const auto turn = host.receive(std::string(R"({"object":"page","entry":[{"id":"1","messaging":[{}]}]})"));
  EXPECT_EQ(turn.status, PB_INVALID_INPUT);
  EXPECT_TRUE(turn.events.empty());
}

TEST(IsBsuid, KnowsThePatternAndNothingMore) {
  for (const char* id : {"FR.7781234500991122", "DE.ENT.5", "US.a"}) EXPECT_TRUE(isBsuid(id)) << id;
  for (const char* id : {"", "FR.", "33611112222", "fr.123", "FRA.1", "FR.1-2", "FR.é"})
    EXPECT_FALSE(isBsuid(id)) << id;
  EXPECT_FALSE(isBsuid("FR." + std::string(200, '1')));
}

}  // namespace
}  // namespace patchbay::whatsapp
