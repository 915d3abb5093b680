// What a transcript cannot say is tested here; the rest is in transcripts/.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace {

using patchbay::Json;
using patchbay::testing::Answer;
using patchbay::testing::FakeHost;

const Json kConfig = {{"api_key", "a"}, {"webhook_secret", "w"}};
const Json kText = {{"kind", "message"},
                    {"ref", "r-1"},
                    {"type", "text"},
                    {"text", "Hello"},
                    {"to", {{"kind", "phone"}, {"address", "+15550100"}}}};

TEST(@Class@, GivesTheProviderOurReferenceOnEveryTry) {
  FakeHost host(kConfig);
  for (const unsigned attempt : {1U, 2U}) {
    host.setAttempt(attempt);
    EXPECT_EQ(host.perform(kText).requests.at(0).at("json").at("reference"), "r-1");
  }
}

TEST(@Class@, AMessageWithoutATimeIsFromNow) {
  FakeHost host(kConfig);
  host.setNow(*patchbay::fromUnix(1767607200));
  const auto turn = host.receive(R"({"messages": [{"id": "m-1", "from": "+15550100", "text": "Hello"}]})");
  EXPECT_EQ(turn.events.at(0).at("timestamp"), "2026-01-05T10:00:00.000Z");
}

TEST(@Class@, RunsAnOperationToItsResult) {
  FakeHost host(kConfig);
  const auto turn = host.runOperation(kText, [](const Json&) { return Answer::json(200, {{"id", "p-1"}}); });
  ASSERT_TRUE(turn.result);
  EXPECT_EQ(turn.result->at("ids").at(0), "p-1");
}

}  // namespace
