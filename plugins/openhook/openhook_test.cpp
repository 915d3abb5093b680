#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay {
namespace {

using testing::Answer;
using testing::FakeHost;

const Json kConfig = {{"url", "https://crm.example/hook"}, {"secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};

testing::Turn receive(FakeHost& host, const Json& body) {
  return host.receive({.body = body.dump(), .headers = {{"webhook-id", "msg_1"}}});
}

TEST(OpenHook, TakesTheIdOfTheWebhookForAnEventWithoutOne) {
  FakeHost host(kConfig);
  const auto one = receive(host, {{"from", "u1"}, {"text", "a"}});
  EXPECT_EQ(one.events.at(0).at("id"), "msg_1");
  const auto two = receive(host, {{{"from", "u1"}, {"text", "a"}}, {{"from", "u1"}, {"text", "b"}}});
  EXPECT_EQ(two.events.at(0).at("id"), "msg_1.1");
  EXPECT_EQ(two.events.at(1).at("id"), "msg_1.2");
}

TEST(OpenHook, HandsOverFilesThatAreInTheEvent) {
  FakeHost host(kConfig);
  for (const auto& [written, bytes] :
       {std::pair{"aGVsbG8=", "hello"}, {"aGk=", "hi"}, {"YQ==", "a"}, {"YWJj", "abc"}}) {
    const auto turn = receive(host, {{"from", "u1"}, {"media", {{{"base64", written}}}}});
    ASSERT_EQ(turn.blobs.size(), 1U) << turn.events.at(0);
    EXPECT_EQ(turn.blobs.begin()->second, bytes);
    EXPECT_EQ(turn.events.at(0).at("media")[0].at("blob"), turn.blobs.begin()->first);
  }
  for (const char* broken : {"a", "a===", "####", "YQ=a"}) {
    const auto turn = receive(host, {{"from", "u1"}, {"media", {{{"base64", broken}}}}});
    EXPECT_EQ(turn.events.at(0).at("kind"), "unparsed") << broken;
  }
}

TEST(OpenHook, OneBadEventDoesNotHoldUpTheOthers) {
  FakeHost host(kConfig);
  Json events = Json::array();
  for (int i = 0; i < 500; ++i)
    events.push_back({{"id", std::to_string(i)}, {"from", "u"}, {"text", i == 7 ? "" : "x"}});
  const auto turn = receive(host, events);
  ASSERT_EQ(turn.events.size(), 500U);
  EXPECT_EQ(turn.events[7].at("kind"), "unparsed");
  EXPECT_EQ(turn.events[8].at("kind"), "message");
  events.push_back({{"from", "u"}});
  EXPECT_EQ(receive(host, events).status, PB_INVALID_INPUT);
}

TEST(OpenHook, WhatTheHostWouldRefuseIsNotUnderstoodAndTheOthersGoOn) {
  FakeHost host(kConfig);
  const std::string long_text((4U << 20U) + 1, 'x');
  const std::vector<Json> bad = {{{"id", "1"}, {"from", "u"}, {"text", long_text}},
                                 {{"id", "1"}, {"from", {{"kind", "_x"}, {"address", "u"}}}, {"text", "x"}},
                                 {{"id", "1"}, {"from", std::string(1, '\0')}, {"text", "x"}}};
  for (const Json& one : bad) {
    const auto turn = receive(host, Json::array({one, {{"id", "2"}, {"from", "u"}, {"text", "y"}}}));
    ASSERT_EQ(turn.events.size(), 2U);
    EXPECT_EQ(turn.events[0].at("kind"), "unparsed");
    EXPECT_EQ(turn.events[1].at("id"), "2");
  }
}

TEST(OpenHook, AFileThatTheHostDoesNotTakeConcernsItsOwnEventAlone) {
  Json file = Json::object();
  file["base64"] = "aGk=";
  Json files = Json::array();
  for (int i = 0; i < 20; ++i) files.push_back(file);
  Json events = Json::array();
  for (int i = 0; i < 60; ++i) events.push_back({{"id", std::to_string(i)}, {"from", "u"}, {"media", files}});
  events.push_back({{"id", "last"}, {"from", "u"}, {"text", "x"}});
  FakeHost host(kConfig);
  const auto turn = receive(host, events);
  ASSERT_EQ(turn.events.size(), 61U);
  EXPECT_EQ(turn.events[49].at("kind"), "message");
  EXPECT_EQ(turn.events[50].at("kind"), "unparsed");
  EXPECT_EQ(turn.events[60].at("id"), "last");
}

TEST(OpenHook, DeliversTheSameBytesUnderTheSameIdWhenItTriesAgain) {
  FakeHost host(kConfig);
  const Json operation = {{"kind", "message"}, {"id", "1"},
                          {"ref", "r-1"},      {"to", {{"kind", "openhook"}, {"address", "u1"}}},
                          {"type", "text"},    {"text", "Hello"}};
  const auto first = host.perform(operation);
  const auto again = host.resume(operation, "", {});
  EXPECT_EQ(first.requests, again.requests);
  EXPECT_EQ(first.requests.at(0).at("repeat"), "safe");
  EXPECT_EQ(host.resume(operation, "", {Answer{.body = R"({"id": [7]})"}}).result->at("ids"), Json({"r-1"}));
}

}  // namespace
}  // namespace patchbay
