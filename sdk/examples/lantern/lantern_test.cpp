#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace {

using patchbay::Json;
using patchbay::testing::Answer;
using patchbay::testing::FakeHost;

const Json kConfig = {{"harbour", "77"}, {"token", "t"}, {"signing_key", "s"}};

Json message(const std::string& text) {
  return {{"kind", "message"},
          {"ref", "r-1"},
          {"type", "text"},
          {"text", text},
          {"to", {{"kind", "lantern"}, {"address", "l-1"}}}};
}

TEST(Lantern, ALongTextLeavesInPartsOneAfterTheOther) {
  FakeHost host(kConfig);
  const std::string first(280, 'a'), second(100, 'b');
  std::vector<Json> made;
  int id = 0;
  const auto turn = host.runOperation(
      message(first + " " + second),
      [&](const Json&) {
        return Answer::json(200, {{"id", "light-" + std::to_string(++id)}});
      },
      &made);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0]["json"]["text"], first);
  EXPECT_EQ(made[1]["json"]["text"], second);
  EXPECT_FALSE(made[0].contains("completes"));
  EXPECT_EQ(made[1]["completes"], true);
  EXPECT_EQ(turn.result.value().at("ids"), Json({"light-1", "light-2"}));
}

TEST(Lantern, WhatHasLeftIsNotSentAgainWhenAStepIsMadeAgain) {
  FakeHost host(kConfig);
  const Json operation = message(std::string(280, 'a') + " " + std::string(100, 'b'));
  const auto again = host.resume(operation, R"(["light-1"])", {});
  EXPECT_EQ(again.requests.at(0)["json"]["text"], std::string(100, 'b'));
  EXPECT_EQ(again.carry, R"(["light-1"])");
}

}  // namespace
