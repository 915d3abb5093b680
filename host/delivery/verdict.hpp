/// What the host does after a send has ended: the one place where a connector's word becomes retry, wait, failure or
/// "nobody knows". Pure: no clock, no luck, no database of its own.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/operation_run.hpp"

namespace patchbay::delivery {

struct RetryPolicy {
  std::chrono::milliseconds first{2000};  ///< pause after the first failure; doubles each time
  std::chrono::milliseconds longest{600000};
  int max_attempts = 8;                            ///< tries that count
  std::chrono::milliseconds channel_pause{30000};  ///< first pause of a channel whose credentials are refused; doubles
  std::chrono::milliseconds longest_channel_pause{900000};
  std::chrono::milliseconds hold{30000};  ///< how long an unknown send may hold its recipient
};

/// Doubling from `first` to `longest`, then between half and all of it, so that many do not come back at once.
/// @param failures  so far, from 1
/// @param luck      0 to 1
std::chrono::milliseconds backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, int failures,
                                  double luck);

/// Where an outbox row stands before its send is judged.
struct SendState {
  int attempt = 0;         ///< tries that counted, before this one
  int deferrals = 0;       ///< tries that did not count
  int channel_pauses = 0;  ///< how often the channel has been paused in a row for `auth` or `account`
  Timestamp expires_at;
};

/// Nothing is sent in `scope` until then.
struct Pause {
  enum class Scope { kRecipient, kChannel, kAccount } scope = Scope::kChannel;
  Timestamp until;
  bool refused_credentials = false;  ///< class auth or account: counts, is logged loudly
};

/// "channel", "account"; anything else is the recipient.
Pause::Scope scopeOf(std::string_view word);

struct Verdict {
  enum class Kind {
    kSent,
    kFailed,   ///< for good
    kRetry,    ///< again at `retry_at`
    kUnknown,  ///< held until `retry_at`, then the channel's policy
  } kind = Kind::kSent;
  std::vector<std::string> ids;  ///< of what has left, also when the rest has not
  bool partial = false;          ///< some parts were sent, and it is not the connector's "sent"
  connectors::EventError error;
  Timestamp retry_at{};
  int attempt = 0;  ///< of the row from now on
  int deferrals = 0;
  std::vector<Pause> pauses;
};

/// A message that could not be sent in its time to live: class `expired`, with what had stood in the way (may be
/// empty).
connectors::EventError expiredError(const connectors::EventError& last);

Verdict judge(const Ending& ending, const SendState& state, const RetryPolicy& policy, Timestamp now, double luck);

}  // namespace patchbay::delivery
