// Single properties; the cases themselves are transcripts/event_*.yaml.
#include "sendgrid_events.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::sendgrid {
namespace {

using patchbay::testing::FakeHost;

Json config() {
  return {{"api_key", "k"}, {"from_email", "help@patchbay.example"}, {"event_public_key", "p"}, {"inbound_token", "t"}};
}

Json receive(const std::string& body, Json settings = config()) {
  FakeHost host(std::move(settings));
  patchbay::testing::Webhook webhook;
  webhook.suffix = "events";
  webhook.body = body;
  const auto turn = host.receive(webhook);
  EXPECT_TRUE(turn.ok()) << turn.refused;
  return turn.events;
}

TEST(ReadEvents, SurvivesAnyValueInAnyPlace) {
  const Json whole = parseJson(R"([
    {"event":"processed","email":"a@x.example","sg_message_id":"a.b","sg_event_id":"1","timestamp":1767225600,"pb_msg":"r"},
    {"event":"bounce","email":"a@x.example","sg_message_id":"a.b","reason":"550","status":"5.1.1","type":"bounce",
     "bounce_classification":"Invalid Address","timestamp":"1767225600","category":["patchbay"]},
    {"event":"dropped","email":"a@x.example","sg_message_id":"a.b","reason":"Invalid","timestamp":1767225600},
    {"event":"unsubscribe","email":"a@x.example","timestamp":1767225600},
    {"event":"account_status_change","type":"compliance","timestamp":1767225600}])");
  ASSERT_EQ(receive(whole.dump()).size(), 5u);
  for (const Json& odd : {Json(), Json(true), Json(-1), Json(1.5), Json(""), Json("x"), Json::array(), Json::object(),
                          Json(std::string(600, 'i')), Json("a\0b")})
    for (std::size_t i = 0; i < whole.size(); ++i) {
      Json batch = whole;
      batch[i] = odd;
      EXPECT_EQ(receive(batch.dump()).size(), 5u) << "one bad item becomes unparsed and does not hold up the others";
      for (const auto& member : whole[i].items()) {
        batch = whole;
        batch[i][member.key()] = odd;
        for (const Json& event : receive(batch.dump())) EXPECT_TRUE(event.contains("kind")) << batch;
      }
    }
}

TEST(ReadEvents, TakesTheNameOfTheMessageFromBeforeTheFirstDot) {
  const Json events = receive(R"([{"event":"delivered","sg_message_id":"aBc.recvd-1.0","timestamp":1767225600}])");
  EXPECT_EQ(events.at(0).at("message_id"), "aBc");
}

TEST(ReadEvents, RefusesABodyThatIsNoBatch) {
  FakeHost host(config());
  for (const char* body : {"{}", "null", "[", ""}) {
    patchbay::testing::Webhook webhook;
    webhook.suffix = "events";
    webhook.body = body;
    EXPECT_EQ(host.receive(webhook).status, PB_INVALID_INPUT) << body;
  }
}

TEST(ErrorOf, ComparesReasonsByTheirBeginningInAnyCase) {
  const auto of = [](const char* reason) { return errorOf({{"event", "dropped"}, {"reason", reason}}).error_class; };
  EXPECT_EQ(of("BOUNCED ADDRESS since 2025"), "recipient");
  EXPECT_EQ(of("invalid"), "recipient");
  EXPECT_EQ(of("Invalid SMTPAPI header"), "request");
  EXPECT_EQ(of("Recipient List over Package Quota"), "account");
  EXPECT_EQ(of("something new"), "request");
}

}  // namespace
}  // namespace patchbay::sendgrid
