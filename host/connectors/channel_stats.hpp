/// What one channel instance has done since the host started: for metrics and `patchbay status`.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/histogram.hpp"
#include "base/time.hpp"
#include "connectors/running_turns.hpp"

namespace patchbay::connectors {

/// What became of a webhook.
enum class WebhookOutcome { kAccepted, kIgnored, kHandshake, kRefused, kQuarantined, kBusy };
inline constexpr std::array<std::string_view, 6> kWebhookOutcomes = {"accepted",      "ignored",     "handshake",
                                                                     "bad_signature", "quarantined", "busy"};

/// The connector's functions, as far as they are counted.
enum class TurnFunction { kReceive, kPerform, kResume, kPoll };
inline constexpr std::array<std::string_view, 4> kTurnFunctions = {"receive", "perform", "resume", "poll"};
/// PB_OK to PB_BUG, and one for what is none of them.
inline constexpr std::size_t kTurnStatuses = 10;

/// How a send or a media job ended.
enum class SendOutcome { kSent, kFailed, kRetry, kUnknown };
inline constexpr std::array<std::string_view, 4> kSendOutcomes = {"sent", "failed", "retry", "unknown"};

/// What a poll came to: events or follow-ups that were stored, nothing new, or a failure (of whatever kind).
enum class PollOutcome { kStored, kEmpty, kFailed };
inline constexpr std::array<std::string_view, 3> kPollOutcomes = {"stored", "empty", "failed"};

/// Thread-safe; counting takes no lock. Shared by all that hold the channel, so it outlives a reload.
class ChannelStats {
 public:
  using Counter = std::atomic<std::uint64_t>;

  void count(WebhookOutcome outcome) { add(webhooks[static_cast<std::size_t>(outcome)]); }
  void count(SendOutcome outcome) { add(sends[static_cast<std::size_t>(outcome)]); }
  /// @param next  when the channel is polled again
  void polled(PollOutcome outcome, Timestamp at, Timestamp next) {
    add(polls[static_cast<std::size_t>(outcome)]);
    if (outcome == PollOutcome::kFailed) {
      poll_failures_.fetch_add(1, std::memory_order_relaxed);
    } else {
      poll_failures_.store(0, std::memory_order_relaxed);
      last_poll_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
    }
    next_poll_.store(next.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void countMedia(SendOutcome outcome) { add(media[static_cast<std::size_t>(outcome)]); }
  void count(TurnFunction function, std::int32_t status, std::chrono::microseconds took) {
    auto& turn = turns[static_cast<std::size_t>(function)];
    const bool known = status >= 0 && status < static_cast<std::int32_t>(kTurnStatuses) - 1;
    add(turn.statuses[known ? static_cast<std::size_t>(status) : kTurnStatuses - 1]);
    turn.seconds.observe(std::chrono::duration<double>(took).count());
  }
  static void add(Counter& counter, std::uint64_t n = 1) { counter.fetch_add(n, std::memory_order_relaxed); }

  void inbound(Timestamp at) { last_inbound_.store(at.time_since_epoch().count(), std::memory_order_relaxed); }
  void outbound(Timestamp at) { last_outbound_.store(at.time_since_epoch().count(), std::memory_order_relaxed); }
  /// @param text  scrubbed here; only its beginning is kept
  void failed(Timestamp at, std::string_view text);

  /// A webhook was not taken, for its signature. A note for people and no failure of the channel, since anybody may
  /// send one: at most one a second is kept, the others cost no lock.
  void refused(Timestamp at, std::string_view why);

  struct LastError {
    Timestamp at{};  ///< the epoch: never
    std::string text;
  };
  Timestamp lastInbound() const { return Timestamp{Timestamp::duration{last_inbound_.load()}}; }  ///< the epoch: never
  Timestamp lastOutbound() const { return Timestamp{Timestamp::duration{last_outbound_.load()}}; }
  LastError lastError() const;
  LastError lastRefusal() const;
  // Of polls that this host made.
  Timestamp lastPoll() const {
    return Timestamp{Timestamp::duration{last_poll_.load()}};
  }  ///< a good one; or the epoch
  Timestamp nextPoll() const { return Timestamp{Timestamp::duration{next_poll_.load()}}; }  ///< the epoch: not known
  std::uint64_t pollFailures() const { return poll_failures_.load(); }                      ///< in a row

  struct Turns {
    std::array<Counter, kTurnStatuses> statuses{};
    Histogram seconds;
  };
  std::array<Counter, kWebhookOutcomes.size()> webhooks{};
  std::array<Counter, kSendOutcomes.size()> sends{}, media{};
  std::array<Turns, kTurnFunctions.size()> turns{};
  std::array<Counter, kPollOutcomes.size()> polls{};
  Counter messages{0};    ///< inbound and echoed ones that were new
  Counter duplicates{0};  ///< those that were there already; a batch that is written again counts again
  Counter others{0};      ///< statuses, reactions, edits, ...
  RunningTurns running;   ///< in the host's own process; those of a worker have an end of their own

 private:
  std::atomic<Timestamp::rep> last_inbound_{0}, last_outbound_{0}, last_poll_{0}, next_poll_{0}, noted_refusal_{0};
  Counter poll_failures_{0};
  mutable std::mutex mutex_;
  LastError last_error_, last_refusal_;  // guarded by mutex_
};

}  // namespace patchbay::connectors
