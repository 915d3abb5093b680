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

TEST(DeliveryMetrics, NameTheChannelsThatDoNotSend) {
  delivery::DeliveryStats stats;
  stats.sends_in_flight = 3;
  stats.attempts = {{"sent", 7}, {"transient", 2}};
  stats.latency[1] = 4;
  stats.latency_sum = 0.3;
  stats.servers = {"https://a.test:443"};
  const Timestamp at = *parseRfc3339("2026-03-01T12:00:00Z");
  stats.channels = {{"acme", "support", at + std::chrono::minutes{1}, 0, false}, {"acme", "sales", {}, 0, true}};
  stats.known = true;
  stats.oldest = at - std::chrono::seconds{90};
  Page page;
  collectDelivery(page, stats, {{"acme", "support", "quiet", true, nullptr}, {"acme", "sales", "quiet", true, nullptr}},
                  at);
  const auto read = Exposition::parse(page.text());
  EXPECT_EQ(read.value("patchbay_delivery_in_flight"), 3);
  EXPECT_EQ(read.value(R"(patchbay_delivery_attempts_total{outcome="transient"})"), 2);
  EXPECT_EQ(read.value(R"(patchbay_delivery_request_seconds_bucket{le="0.1"})"), 4);
  EXPECT_EQ(read.value("patchbay_delivery_open_servers"), 1);
  EXPECT_EQ(read.value("patchbay_delivery_oldest_seconds"), 90);
  EXPECT_EQ(read.value(R"(patchbay_channel_paused{tenant="acme",channel="support"})"), 1);
  EXPECT_EQ(read.value(R"(patchbay_channel_circuit_open{tenant="acme",channel="support"})"), 0);
  EXPECT_EQ(read.value(R"(patchbay_channel_circuit_open{tenant="acme",channel="sales"})"), 1);
}

TEST(EdgeMetrics, TellOfCertificatesOnlyWhereThereAreSome) {
  edge::ServerStats stats;
  stats.timed_out_body = 5;
  stats.shed = 2;
  Page plain;
  collectEdge(plain, stats);
  const auto without = Exposition::parse(plain.text());
  EXPECT_EQ(without.value(R"(patchbay_edge_timeouts_total{phase="body"})"), 5);
  EXPECT_EQ(without.value("patchbay_edge_shed_total"), 2);
  EXPECT_EQ(plain.text().find("patchbay_tls_"), std::string::npos);
  stats.tls = true;
  stats.tls_not_after = 1'790'000'000;
  Page secure;
  collectEdge(secure, stats);
  EXPECT_EQ(Exposition::parse(secure.text()).value("patchbay_tls_certificate_expiry_seconds"), 1'790'000'000);
}

TEST(WorkerMetrics, CountTurnsThatGotNoAnswerByReason) {
  connectors::WorkerStats stats;
  stats.crashes = 3;
  stats.up = 1;
  Page page;
  collectIsolation(page, stats, 4);
  collectWorkers(page, {.threads = 8, .running = 2, .queued = 0, .max_queued = 10, .done = 5, .rejected = 1});
  const api::JwksStats issuer{.fetched = 2, .failed = 1, .keys = 3};
  collectTokens(page, {.refused = 6, .keys_unavailable = 0, .key_lookups = 0, .remembered = 0}, &issuer);
  const auto read = Exposition::parse(page.text());
  EXPECT_EQ(read.value(R"(patchbay_isolated_failures_total{reason="crash"})"), 3);
  EXPECT_EQ(read.value("patchbay_isolated_waiting_webhooks"), 4);
  EXPECT_EQ(read.value("patchbay_worker_rejected_total"), 1);
  EXPECT_EQ(read.value("patchbay_auth_refused_total"), 6);
  EXPECT_EQ(read.value(R"(patchbay_issuer_fetches_total{outcome="failed"})"), 1);
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
