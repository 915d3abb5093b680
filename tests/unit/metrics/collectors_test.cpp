#include "metrics/collectors.hpp"

#include <gtest/gtest.h>
#include <patchbay/connector.h>

#include "support/exposition.hpp"

namespace patchbay::metrics {
namespace {

using connectors::ChannelStats;
using connectors::WebhookOutcome;
using patchbay::testing::Exposition;

TEST(ChannelMetrics, CountByOutcomeFunctionAndStatus) {
  auto stats = std::make_shared<ChannelStats>();
  stats->count(WebhookOutcome::kAccepted);
  stats->count(WebhookOutcome::kRefused);
  stats->count(connectors::SendOutcome::kUnknown);
  stats->countMedia(connectors::SendOutcome::kSent);
  stats->count(connectors::TurnFunction::kReceive, PB_BUG, std::chrono::microseconds{3000});
  stats->count(connectors::TurnFunction::kReceive, 77, std::chrono::microseconds{3000});
  Page page;
  collectChannels(page, {{"acme", "support", "quiet", true, stats}, {"acme", "broken", "none", false, nullptr}});
  const auto read = Exposition::parse(page.text());
  const std::string who = R"({tenant="acme",channel="support")";
  EXPECT_EQ(read.value("patchbay_webhooks_total" + who + R"(,outcome="accepted"})"), 1);
  EXPECT_EQ(read.value("patchbay_webhooks_total" + who + R"(,outcome="bad_signature"})"), 1);
  EXPECT_EQ(read.value("patchbay_webhooks_total" + who + R"(,outcome="busy"})"), 0) << "there from the start";
  EXPECT_EQ(read.value("patchbay_sends_total" + who + R"(,outcome="unknown"})"), 1);
  EXPECT_EQ(read.value("patchbay_media_jobs_total" + who + R"(,outcome="stored"})"), 1);
  EXPECT_EQ(read.value("patchbay_connector_turns_total" + who + R"(,function="receive",status="bug"})"), 1);
  EXPECT_EQ(read.value("patchbay_connector_turns_total" + who + R"(,function="receive",status="unknown"})"), 1);
  EXPECT_EQ(read.value("patchbay_connector_turn_seconds_bucket" + who + R"(,function="receive",le="0.005"})"), 2);
  EXPECT_EQ(read.value("patchbay_channel_running" + who + "}"), 1);
  EXPECT_EQ(read.value(R"(patchbay_channel_running{tenant="acme",channel="broken"})"), 0);
}

TEST(ChannelMetrics, OfManyChannelsAreAddedUpUnderOther) {
  std::vector<ChannelEntry> channels;
  DatabaseFigures figures;
  figures.up = true;
  const Timestamp now = patchbay::now();
  for (std::size_t i = 0; i < kMaxChannels + 50; ++i) {
    auto stats = std::make_shared<ChannelStats>();
    stats->count(WebhookOutcome::kAccepted);
    const std::string name = "c" + std::to_string(i);
    channels.push_back({"acme", name, "quiet", true, stats});
    figures.channels[{"acme", name}].pending = 1;
    figures.channels[{"acme", name}].oldest = now - std::chrono::seconds{i};
  }
  Page page;
  collectChannels(page, channels);
  collectDatabase(page, figures, channels, now);
  const auto read = Exposition::parse(page.text());
  const std::string other = R"({tenant="other",channel="other")";
  EXPECT_EQ(read.value("patchbay_webhooks_total" + other + R"(,outcome="accepted"})"), 50);
  EXPECT_EQ(read.value("patchbay_send_queue_messages" + other + R"(,state="pending"})"), 50);
  EXPECT_EQ(read.value("patchbay_send_queue_oldest_seconds" + other + "}"), kMaxChannels + 49) << "the oldest of them";
  std::size_t of_webhooks = 0;
  for (const auto& [name, value] : read.samples()) of_webhooks += name.starts_with("patchbay_webhooks_total") ? 1 : 0;
  EXPECT_EQ(of_webhooks, (kMaxChannels + 1) * connectors::kWebhookOutcomes.size());
}

TEST(DatabaseMetrics, WithoutADatabaseSayJustThat) {
  Page page;
  collectDatabase(page, {}, {{"acme", "support", "quiet", true, nullptr}}, now());
  const auto read = Exposition::parse(page.text());
  EXPECT_EQ(read.samples().size(), 1U);
  EXPECT_EQ(read.value("patchbay_db_up"), 0);
}

}  // namespace
}  // namespace patchbay::metrics
