/// Circuit breakers: a provider that does not answer is left alone for a while, so that neither the attempts of those
/// who wait nor the places of other channels are burnt on it. One circuit per channel and one per server; in memory,
/// since after a restart a few requests find out again.
///
/// A circuit opens after some failures in a row (no answer, no connection, 5xx), stays open for a time that doubles
/// with each opening, then lets one request through: a good answer closes it, a bad one opens it again.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace patchbay::delivery {

struct BreakerPolicy {
  int failures = 5;                      ///< in a row, that open a circuit
  std::chrono::milliseconds open{5000};  ///< the first time; doubles, with jitter
  std::chrono::milliseconds longest{300000};
  std::chrono::milliseconds probe{60000};  ///< after this long a probe that told nothing counts as lost
};

/// Thread-safe. Channels are named "tenant/channel", servers "scheme://host:port".
class Breakers {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Breakers(BreakerPolicy policy) : policy_(policy) {}

  /// What may be started for a channel, by its own circuit and by those of the servers of its last sends.
  enum class Gate { kFree, kProbe, kShut };
  Gate gate(const std::string& channel, Clock::time_point now) const;

  /// Asked before the first request of a send. When a circuit is half open, this one becomes its probe.
  /// @return how long to wait instead; nothing: it may go
  std::optional<std::chrono::milliseconds> refuses(const std::string& channel, const std::vector<std::string>& servers,
                                                   Clock::time_point now);

  /// A request has ended. @param good  there was a whole answer, and it was not 5xx
  /// @param luck  0 to 1, for jitter
  void record(const std::string& channel, const std::string& server, bool good, Clock::time_point now, double luck);

  /// The channel is another one now (its configuration has changed).
  void forget(const std::string& channel);

  struct Open {
    std::string name;
    bool server = false;               ///< else a channel
    std::chrono::milliseconds left{};  ///< until the next probe; 0: it may go, or is under way
  };
  std::vector<Open> open(Clock::time_point now) const;

 private:
  struct Circuit {
    int failures = 0;  ///< in a row, while closed
    int opened = 0;    ///< times in a row; 0: closed
    Clock::time_point until{};
    Clock::time_point probe_until{};  ///< a probe is under way until then
  };
  using Circuits = std::map<std::string, Circuit, std::less<>>;
  /// The servers of a channel's last sends: when all of them are shut, so is the channel.
  struct Recent {
    std::array<std::string, 4> servers;
    std::size_t next = 0;
  };

  static Gate gateOf(const Circuits& circuits, const std::string& name, Clock::time_point now);
  void record(Circuits& circuits, const char* what, const std::string& name, bool good, Clock::time_point now,
              double luck);

  const BreakerPolicy policy_;
  mutable std::mutex mutex_;  // guards what follows
  Circuits channels_, servers_;
  std::map<std::string, Recent, std::less<>> recent_;
};

}  // namespace patchbay::delivery
