#include <algorithm>

#include "metrics/collectors.hpp"

namespace patchbay::metrics {
namespace {

/// The dispatcher counts in its own buckets.
Histogram::Snapshot latencyOf(const delivery::DeliveryStats& stats) {
  return {delivery::kLatencyBounds, {stats.latency.begin(), stats.latency.end()}, stats.latency_sum};
}

/// Channels that do not send now: those that have a label of their own by name, the others together.
void collectTrouble(Page& page, const std::vector<delivery::ChannelTrouble>& troubles,
                    const std::vector<ChannelEntry>& channels, Timestamp now) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto& channel = channels[i];
    const auto found = std::find_if(troubles.begin(), troubles.end(), [&](const auto& one) {
      return one.tenant == channel.tenant && one.channel == channel.name;
    });
    const bool known = found != troubles.end();
    const bool named = i < kMaxChannels;
    const Labels labels{{"tenant", named ? channel.tenant : "other"}, {"channel", named ? channel.name : "other"}};
    page.gauge("patchbay_channel_circuit_open", "1: its server fails, and it is left alone.",
               known && found->open ? 1 : 0, labels);
    page.gauge("patchbay_channel_paused", "1: it sends nothing for a while, as the provider asked or refused it.",
               known && found->paused_until && *found->paused_until > now ? 1 : 0, labels);
  }
}

}  // namespace

void collectDelivery(Page& page, const delivery::DeliveryStats& stats, const std::vector<ChannelEntry>& channels,
                     Timestamp now) {
  page.gauge("patchbay_delivery_in_flight", "Recipients that are being sent to now.", number(stats.sends_in_flight));
  page.gauge("patchbay_delivery_jobs_in_flight", "Files and requests of webhooks that are being worked on.",
             number(stats.jobs_in_flight));
  page.gauge("patchbay_delivery_open_servers", "Servers that are left alone because they fail.",
             number(stats.servers.size()));
  for (const auto& [outcome, count] : stats.attempts)
    page.counter("patchbay_delivery_attempts_total", "Tries to send by outcome: sent, partial, or the error's class.",
                 number(count), {{"outcome", outcome}});
  page.counter("patchbay_delivery_failed_total", "Messages given up, expired ones among them.", number(stats.failed));
  page.counter("patchbay_delivery_held_total", "Messages whose fate stayed unknown.", number(stats.held));
  page.counter("patchbay_delivery_expired_total", "Messages that could not be sent in time.", number(stats.expired));
  page.counter("patchbay_delivery_deferred_total", "Sends that an open circuit put off.", number(stats.deferred));
  page.histogram("patchbay_delivery_request_seconds", "Until a provider's answer, or its absence.", latencyOf(stats));
  collectTrouble(page, stats.channels, channels, now);
  if (!stats.known) return;
  const auto recipients = [&](const char* state, std::int64_t value) {
    page.gauge("patchbay_delivery_recipients", "Recipients with messages that wait: due, later, or leased by a host.",
               static_cast<double>(value), {{"state", state}});
  };
  recipients("due", stats.recipients_due);
  recipients("later", stats.recipients_later);
  recipients("leased", stats.recipients_leased);
  page.gauge("patchbay_delivery_waiting_messages", "Messages that are neither sent nor failed nor held.",
             static_cast<double>(stats.messages_waiting));
  page.gauge("patchbay_delivery_waiting_jobs", "Files to fetch and requests of webhooks that wait.",
             static_cast<double>(stats.jobs_waiting));
  page.gauge("patchbay_delivery_oldest_seconds", "Age of the message that waits longest.",
             stats.oldest ? std::chrono::duration<double>(now - *stats.oldest).count() : 0);
}

}  // namespace patchbay::metrics
