#include "delivery/stats.hpp"

#include <algorithm>

namespace patchbay::delivery {
namespace {

/// A connector chooses the word, and each becomes a time series: only those of result.schema.json do.
constexpr std::array<std::string_view, 13> kOutcomes{"sent",    "partial",     "transient", "rate_limited", "auth",
                                                     "account", "window",      "recipient", "request",      "unknown",
                                                     "bounced", "unsupported", "expired"};

}  // namespace

void Counters::attempt(std::string_view outcome) {
  const bool known = std::find(kOutcomes.begin(), kOutcomes.end(), outcome) != kOutcomes.end();
  const std::lock_guard lock(mutex_);
  ++counted_.attempts[known ? std::string(outcome) : "other"];
}

void Counters::request(std::chrono::microseconds took) {
  const double seconds = static_cast<double>(took.count()) / 1e6;
  const auto bucket = std::lower_bound(kLatencyBounds.begin(), kLatencyBounds.end(), seconds) - kLatencyBounds.begin();
  const std::lock_guard lock(mutex_);
  ++counted_.latency.at(static_cast<std::size_t>(bucket));
  counted_.latency_sum += seconds;
}

void Counters::add(std::uint64_t DeliveryStats::*counter, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  counted_.*counter += count;
}

void Counters::fill(DeliveryStats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.attempts = counted_.attempts;
  stats.failed = counted_.failed;
  stats.held = counted_.held;
  stats.expired = counted_.expired;
  stats.deferred = counted_.deferred;
  stats.latency = counted_.latency;
  stats.latency_sum = counted_.latency_sum;
}

}  // namespace patchbay::delivery
