/// What a dispatcher has done and has before it, as numbers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace patchbay::delivery {

/// Upper ends of the latency buckets, in seconds; the last bucket has none.
inline constexpr std::array<double, 10> kLatencyBounds{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30};

/// A channel that does not send now, or only carefully.
struct ChannelTrouble {
  std::string tenant, channel;
  std::optional<Timestamp> paused_until;  ///< throttled, or its credentials are refused
  int refusals = 0;                       ///< of its credentials or its account, in a row
  bool open = false;                      ///< its circuit breaker is open or half open
};

struct DeliveryStats {
  // Of this process, now.
  std::size_t sends_in_flight = 0;  ///< recipients that are leased and being worked on
  std::size_t jobs_in_flight = 0;   ///< media to fetch and requests that webhooks led to
  std::vector<ChannelTrouble> channels;
  std::vector<std::string> servers;  ///< whose circuit breaker is open or half open: "scheme://host:port"

  // The queues of all tenants, at most five seconds old. `known` is false when the database could not be asked.
  bool known = false;
  std::int64_t messages_waiting = 0;   ///< neither sent nor failed nor held
  std::int64_t recipients_due = 0;     ///< whose first message may go now
  std::int64_t recipients_later = 0;   ///< scheduled, or resting after a failure
  std::int64_t recipients_leased = 0;  ///< by any host
  std::int64_t jobs_waiting = 0;
  std::optional<Timestamp> oldest;  ///< when the message that waits longest was written

  // Since the start.
  std::map<std::string, std::uint64_t> attempts;  ///< tries by outcome: sent, partial, or the class of the error
  std::uint64_t failed = 0;                       ///< messages given up, expired ones among them
  std::uint64_t held = 0;                         ///< whose fate stayed unknown
  std::uint64_t expired = 0;
  std::uint64_t deferred = 0;  ///< sends that a circuit breaker put off, at no cost
  /// Requests by the time until their answer or its absence: one count per bound and one above all.
  std::array<std::uint64_t, kLatencyBounds.size() + 1> latency{};
  double latency_sum = 0;  ///< seconds
};

/// Thread-safe.
class Counters {
 public:
  /// @param outcome  sent, partial, or a connector's error class: what is not a known one is counted as "other"
  void attempt(std::string_view outcome);
  void request(std::chrono::microseconds took);
  void add(std::uint64_t DeliveryStats::*counter, std::uint64_t count = 1);
  void fill(DeliveryStats& stats) const;

 private:
  mutable std::mutex mutex_;
  DeliveryStats counted_;  // guarded by mutex_; its counters alone
};

}  // namespace patchbay::delivery
