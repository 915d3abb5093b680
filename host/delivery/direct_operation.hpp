/// Operations that somebody waits for: typing, read, reaction, edit, delete, test, setup, templates. Made at once, with
/// a deadline, never stored and never made again: an answer that comes too late has nobody to tell.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <thread>

#include "connectors/channel.hpp"
#include "delivery/http_client.hpp"
#include "delivery/operation_run.hpp"

namespace patchbay::delivery {

struct DirectOutcome {
  bool ok = false;
  Json result;  ///< result.schema.json when `ok`; else null
  /// When not `ok`: a class of result.schema.json, the provider's code ("deadline" and "busy" are ours), and its words.
  connectors::EventError error;
  std::optional<std::chrono::seconds> retry_after;
};

/// Thread-safe. Bounded: at most Options::max_in_flight at a time, more are refused at once.
class DirectOperations {
 public:
  struct Options {
    std::size_t max_in_flight = 256;
    std::size_t threads = 2;  ///< for connector turns, and for what is posted
  };
  /// Since start.
  struct Stats {
    std::uint64_t made = 0;
    std::uint64_t failed = 0;    ///< the provider or the connector said no
    std::uint64_t too_late = 0;  ///< no whole answer before the deadline
    std::uint64_t refused = 0;   ///< too many at a time
    std::size_t in_flight = 0;   ///< now
  };
  /// Called once, on a worker; not at all when stop() comes before.
  using Done = std::function<void(DirectOutcome)>;
  /// What an operation told by the way (events, throttles), also when it came too late; on a worker. May be empty.
  using Heed = std::function<void(const std::shared_ptr<connectors::Channel>& channel, const Ending& ending)>;

  /// @param client  outlives this object and its operations' last answers
  DirectOperations(Options options, HttpClient& client, Heed heed);
  ~DirectOperations();  ///< stop()
  DirectOperations(const DirectOperations&) = delete;
  DirectOperations& operator=(const DirectOperations&) = delete;

  /// @param operation  operation.schema.json, any kind but `message`, `media` and `poll`
  void run(std::shared_ptr<connectors::Channel> channel, Json operation, std::chrono::milliseconds deadline, Done done);

  /// Runs a task that may block (a look into the database) on a worker. @return false: too many wait, or stopped
  bool post(std::function<void()> task);

  /// Answers nobody any more. Once; later calls return at once.
  void stop();

  Stats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::thread watch_;  // tells those whose deadline is over
};

}  // namespace patchbay::delivery
