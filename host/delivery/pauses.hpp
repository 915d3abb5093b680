/// Channels that must not send for a while: throttled, or their credentials are refused. In memory: after a restart one
/// try finds out again.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "connectors/channel.hpp"
#include "delivery/verdict.hpp"

namespace patchbay::delivery {

/// "tenant/channel": how pauses and circuit breakers call one.
std::string channelKey(const connectors::Channel& channel);

/// Thread-safe.
class Pauses {
 public:
  /// A pause of a channel, or of all channels of its tenant and connector with the same secrets. Never shortens one.
  void add(const connectors::Channel& channel, const Pause& pause);
  /// The channel is another one now: its own pause ends. That of an account does not; new secrets are a new account.
  void forget(const connectors::Channel& channel);
  /// A send went through: what refused credentials had counted is forgotten.
  void succeeded(const connectors::Channel& channel);

  std::optional<Timestamp> until(const connectors::Channel& channel, Timestamp now) const;
  int refusals(const connectors::Channel& channel) const;

 private:
  struct Entry {
    Timestamp until{};
    int refusals = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_; by channel, and by account
};

}  // namespace patchbay::delivery
