// A connector written in C is tested with the same host.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay {
namespace {

using testing::Answer;
using testing::FakeHost;

const Json kConfig = {{"token", "t"}};

TEST(PlainC, ItsManifestIsTheOneInTheFolder) {
  FakeHost host(kConfig);
  EXPECT_EQ(host.manifest().at("id"), "plainc");
  EXPECT_EQ(host.log(), std::vector<std::string>{"plain C is here"});
}

TEST(PlainC, AWebhookBecomesAnEvent) {
  FakeHost host(kConfig);
  const auto turn = host.receive("bytes");
  ASSERT_EQ(turn.status, PB_OK);
  EXPECT_EQ(turn.events.at(0).at("text"), "hello");
}

TEST(PlainC, EffectsOfAFailedTurnAreDropped) {
  FakeHost host(kConfig);
  const auto turn = host.receive("");
  EXPECT_EQ(turn.status, PB_INVALID_INPUT);
  EXPECT_TRUE(turn.events.empty());
  EXPECT_EQ(turn.diagnostics.at(0).code, "empty");
}

TEST(PlainC, AnOperationRunsToItsResult) {
  FakeHost host(kConfig);
  const Json operation = {{"kind", "message"}, {"type", "text"}, {"text", "hi"}};
  const auto turn = host.runOperation(operation, [](const Json&) { return Answer::json(200, Json::object()); });
  EXPECT_EQ(turn.result.value().at("ids").at(0), "p-1");
}

}  // namespace
}  // namespace patchbay
