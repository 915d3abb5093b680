// Single properties; the cases themselves are transcripts/send_*.yaml and error_*.yaml.
#include "sendgrid_send.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::sendgrid {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;

Json config() {
  return {{"api_key", "k"}, {"from_email", "help@patchbay.example"}, {"event_public_key", "p"}, {"inbound_token", "t"}};
}

Json message() {
  return {{"kind", "message"},
          {"ref", "0190d3d2-7d7e-7000-8000-000000000001"},
          {"type", "text"},
          {"text", "Hello"},
          {"subject", "Re: Hi"},
          {"to", {{"kind", "email"}, {"address", "ana@example.org"}}},
          {"mail", {{"from", {{"address", "help@patchbay.example"}}}, {"message_id", "1@patchbay.example"}}},
          {"thread", {{"in_reply_to", "m@example.org"}, {"references", {"m@example.org"}}}}};
}

TEST(Send, EveryAnswerEndsTheOperation) {
  for (const char* body : {"", "{}", "null", "[[[[", R"({"errors":[{"message":7,"field":[]}]})", "\xFF\xFE"})
    for (const int status : {200, 202, 204, 301, 400, 401, 403, 404, 413, 429, 500, 503, 599}) {
      FakeHost host(config());
      const auto turn =
          host.runOperation(message(), [&](const Json&) { return Answer{.status = status, .body = body}; });
      ASSERT_TRUE(turn.ok() && turn.result) << status << " " << body;
      EXPECT_EQ(turn.result->at("status") == "sent", status < 300) << status;
    }
}

TEST(Send, TheSameMailIsAskedForOnEveryAttempt) {
  FakeHost host(config());
  const auto first = host.perform(message());
  ASSERT_EQ(first.requests.size(), 1u);
  host.setAttempt(2);
  EXPECT_EQ(host.perform(message()).requests, first.requests);
  EXPECT_EQ(host.resume(message(), "", {}).requests, first.requests);
}

TEST(Send, ALostAnswerIsNotTakenForARefusal) {
  FakeHost host(config());
  const auto turn = host.runOperation(message(), [](const Json&) { return Answer::lost(PB_NO_ANSWER, "cut"); });
  ASSERT_TRUE(turn.result);
  EXPECT_EQ(turn.result->at("error").at("class"), "unknown");
  EXPECT_EQ(turn.result->at("error").at("text"), "cut");
}

TEST(Send, AHostThatKnowsNothingOfMailIsServedFromTheSettings) {
  FakeHost host(config());
  Json plain = message();
  plain.erase("mail");
  plain.erase("thread");
  const Json body = host.perform(plain).requests.at(0).at("json");
  EXPECT_EQ(body.at("headers").at("Message-ID"), "<0190d3d2-7d7e-7000-8000-000000000001@patchbay.example>");
  EXPECT_FALSE(body.contains("reply_to"));
}

}  // namespace
}  // namespace patchbay::sendgrid
