// What a transcript cannot show: steps that are made again, and clocks. The rest is transcripts/send_*.yaml.
#include <gtest/gtest.h>

#include <patchbay/split_text.hpp>
#include <patchbay/testing.hpp>

#include "meta/plan.hpp"
#include "meta/window.hpp"

namespace patchbay::messenger {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;
using patchbay::testing::Turn;

Json config() {
  return {{"page_id", "1061"}, {"access_token", "t"}, {"app_secret", "s"}, {"base_url", "http://127.0.0.1:9/"}};
}

Json message(Json more) {
  Json operation = {
      {"kind", "message"}, {"ref", "r-1"}, {"to", {{"kind", "psid"}, {"address", "7"}}}, {"type", "text"}};
  operation.update(more);
  return operation;
}

Answer sent(const std::string& id) {
  return Answer::json(200, {{"recipient_id", "7"}, {"message_id", id}});
}
Answer refused(int code, int subcode = 0) {
  return Answer::json(400, {{"error", {{"code", code}, {"error_subcode", subcode}, {"message", "no"}}}});
}

TEST(Send, ThePathComesFromTheConfig) {
  FakeHost host(config());
  EXPECT_EQ(host.perform(message({{"text", "x"}})).requests.at(0).at("url"), "http://127.0.0.1:9/v24.0/1061/messages");
}

TEST(Send, APartThatWasThrottledIsMadeAgainWithoutThoseBeforeIt) {
  FakeHost host(config());
  std::string text;
  while (text.size() < 5000) text += "word ";
  const Json operation = message({{"text", text}});
  const Turn first = host.perform(operation);
  const Turn second = host.resume(operation, *first.carry, {sent("m_1")});
  const Turn throttled = host.resume(operation, *second.carry, {refused(613)});
  EXPECT_EQ(throttled.result->at("status"), "partial");
  EXPECT_EQ(throttled.result->at("ids"), Json::array({"m_1"}));
  EXPECT_EQ(throttled.result->at("error").at("class"), "rate_limited");
  EXPECT_EQ(host.resume(operation, *throttled.carry, {}).requests, second.requests);
}

TEST(Send, AnUploadIsNotRepeatedWhenTheSendIs) {
  FakeHost host(config());
  const Json operation = message({{"type", "image"}, {"media", {{{"blob", 7}, {"mime_type", "image/png"}}}}});
  const Turn upload = host.perform(operation);
  EXPECT_EQ(upload.requests.at(0).at("repeat"), "safe");
  const Turn send = host.resume(operation, *upload.carry, {Answer::json(200, {{"attachment_id", 5550001}})});
  EXPECT_EQ(send.requests.at(0).at("json").at("message").at("attachment").at("payload").at("attachment_id"), "5550001");
  const Turn down = host.resume(operation, *send.carry, {refused(2)});
  EXPECT_EQ(down.result->at("error").at("class"), "transient");
  EXPECT_EQ(host.resume(operation, *down.carry, {}).requests, send.requests);
}

TEST(Send, AnUploadThatMetaNoLongerKnowsIsMadeAgain) {
  FakeHost host(config());
  const Json operation = message({{"type", "image"}, {"media", {{{"blob", 7}, {"mime_type", "image/png"}}}}});
  const Turn upload = host.perform(operation);
  const Turn send = host.resume(operation, *upload.carry, {Answer::json(200, {{"attachment_id", 5550001}})});
  const Turn dead = host.resume(operation, *send.carry, {refused(100, 2018074)});
  EXPECT_EQ(dead.result->at("error").at("class"), "request");
  EXPECT_EQ(host.resume(operation, *dead.carry, {}).requests, upload.requests);
}

TEST(Send, TheTagOnceTakenStaysForThePartsThatFollow) {
  Json allowed = config();
  allowed["human_agent"] = true;
  FakeHost host(allowed);
  const Json operation = message({{"text", std::string(3000, 'x')}});
  const Turn first = host.perform(operation);
  EXPECT_EQ(first.requests.at(0).at("json").at("messaging_type"), "RESPONSE");
  const Turn tagged = host.resume(operation, *first.carry, {refused(10, 2018278)});
  EXPECT_EQ(tagged.requests.at(0).at("json").at("tag"), "HUMAN_AGENT");
  const Turn second = host.resume(operation, *tagged.carry, {sent("m_1")});
  EXPECT_EQ(second.requests.at(0).at("json").at("tag"), "HUMAN_AGENT");
  EXPECT_EQ(host.resume(operation, *tagged.carry, {refused(10, 2018278)}).result->at("error").at("class"), "window");
}

TEST(NeedsHumanAgent, OnlyWhereAllowedAndOnlyWhenTheWindowHadClosed) {
  const auto operation = [](Json window) { return Operation(message({{"window", std::move(window)}})); };
  meta::Account account;
  const Json open = {{"open", true}, {"closes_at", "2026-01-05T00:00:01.000Z"}};
  const Json closed = {{"open", false}, {"closes_at", "2026-01-01T00:00:00.000Z"}};
  for (const Json& window : {open, closed}) EXPECT_FALSE(meta::needsHumanAgent(account, operation(window))) << window;
  account.human_agent = true;
  EXPECT_FALSE(meta::needsHumanAgent(account, operation(open)));
  EXPECT_FALSE(meta::needsHumanAgent(account, Operation(message(Json::object()))));
  EXPECT_TRUE(meta::needsHumanAgent(account, operation(closed)));
}

TEST(PlanOf, NoTextIsLongerThanTheLimitAndNothingIsLost) {
  meta::Account account;
  for (const meta::Product* product : {&meta::kMessenger, &meta::kInstagram}) {
    account.product = product;
    std::string text;
    for (int i = 0; i < 3000; ++i) text += i % 7 == 0 ? "\U0001F469\u200D\U0001F467" : "\u00e9\u0301";
    std::string joined;
    const Operation operation(message({{"text", text}, {"to", {{"kind", product->address_kind}, {"address", "7"}}}}));
    for (const meta::Part& part : meta::planOf(account, operation)) {
      const std::string piece = part.message.at("text");
      EXPECT_LE(textLength(piece, product->text_unit), product->max_text);
      // A character with marks, or a family of emoji, is in one piece.
      EXPECT_FALSE(piece.starts_with("\u0301") || piece.starts_with("\u200D")) << product->name;
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace patchbay::messenger
