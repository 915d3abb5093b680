/// Providers that limit a channel as a whole and say so of one recipient at a time: two recipients that are throttled
/// together are taken for the channel. Of refusals alone: a pace that a connector keeps after a success is no such
/// news.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace patchbay::delivery {

/// Thread-safe.
class WideThrottles {
 public:
  /// Sends to `recipient` have to wait until `until`.
  /// @param channel  channelKey()
  /// @return until when the channel should wait; nothing: it concerns that recipient alone, as far as we know
  std::optional<Timestamp> note(const std::string& channel, const std::string& recipient, Timestamp until,
                                Timestamp now);

 private:
  struct Last {
    std::string recipient;
    Timestamp at{}, until{};
  };
  std::mutex mutex_;
  std::map<std::string, Last, std::less<>> last_;  // guarded by mutex_; by channel
};

}  // namespace patchbay::delivery
