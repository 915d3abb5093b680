/// What all work of one dispatcher shares. Held by everything that is under way, so it lives until the last callback.
#pragma once

#include <chrono>
#include <compare>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "db/lane.hpp"
#include "delivery/breakers.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/pauses.hpp"
#include "delivery/stats.hpp"
#include "delivery/wide_throttles.hpp"
#include "delivery/workers.hpp"

namespace patchbay::delivery {

/// Whose work a lease is, for the limits in flight.
struct Holder {
  std::string tenant, channel;
  bool send = true;  ///< else a job
  auto operator<=>(const Holder&) const = default;
};

struct Core : std::enable_shared_from_this<Core> {
  Core(Dispatcher::Options o, Dispatcher::Parts p)
      : options(std::move(o)),
        parts(std::move(p)),
        files(*parts.store, *parts.reads),
        workers(options.turn_threads),
        breakers(options.breaker) {}

  const Dispatcher::Options options;
  const Dispatcher::Parts parts;
  const media::Repository files;
  Workers workers;
  Pauses pauses;
  WideThrottles wide_throttles;
  Breakers breakers;
  Counters counters;

  /// The scheduler looks for work now.
  void wake();
  /// Runs `task` on a worker after a while; never when the dispatcher stops before.
  void after(std::chrono::milliseconds pause, std::function<void()> task);

  /// A lease that is in use: renewed until it is dropped.
  void keep(const std::string& token, Holder holder);
  void drop(const std::string& token);

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  bool stopping = false;
  bool woken = false;
  bool turned_away = false;  ///< there is work for which there was no place: a place that gets free wakes the scheduler
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> timers;
  std::map<std::string, Holder> tokens;
  std::map<Holder, std::size_t> in_flight;
};

/// A lease in use, for as long as this lives: work that ends in an exception lets its lease run out too.
class LeaseHold {
 public:
  LeaseHold(std::shared_ptr<Core> core, std::string token, Holder holder)
      : core_(std::move(core)), token_(std::move(token)) {
    core_->keep(token_, std::move(holder));
  }
  ~LeaseHold() { release(); }
  LeaseHold(const LeaseHold&) = delete;
  LeaseHold& operator=(const LeaseHold&) = delete;

  void release() { core_->drop(token_); }  ///< any number of times

 private:
  const std::shared_ptr<Core> core_;
  const std::string token_;
};

/// What the answers told, ready for the inbox: mail is taken apart, bytes that events name are files of the store. A
/// worker.
std::vector<connectors::Event> takeEvents(const Core& core, const connectors::Channel& channel, Ending& ending);

/// Between 0 and 1, for jitter. Any thread.
double luck();

}  // namespace patchbay::delivery
