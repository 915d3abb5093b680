/// What all work of one dispatcher shares. Held by everything that is under way, so it lives until the last callback.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "db/lane.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/pauses.hpp"
#include "delivery/workers.hpp"

namespace patchbay::delivery {

struct Core : std::enable_shared_from_this<Core> {
  Core(Dispatcher::Options o, Dispatcher::Parts p)
      : options(std::move(o)), parts(std::move(p)), files(*parts.store, *parts.reads), workers(options.turn_threads) {}

  const Dispatcher::Options options;
  const Dispatcher::Parts parts;
  const media::Repository files;
  Workers workers;
  Pauses pauses;

  /// The scheduler looks for work now.
  void wake();
  /// Runs `task` on a worker after a while; never when the dispatcher stops before.
  void after(std::chrono::milliseconds pause, std::function<void()> task);

  /// A lease that is in use: renewed until it is dropped. `send`: counts as a send, else as a job.
  void keep(const std::string& token, bool send);
  void drop(const std::string& token, bool send);

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  bool stopping = false;
  bool woken = false;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> timers;
  std::set<std::string> tokens;
  std::size_t sends = 0;
  std::size_t jobs = 0;
};

/// A lease in use, for as long as this lives: work that ends in an exception lets its lease run out too.
class LeaseHold {
 public:
  LeaseHold(std::shared_ptr<Core> core, std::string token, bool send)
      : core_(std::move(core)), token_(std::move(token)), send_(send) {
    core_->keep(token_, send_);
  }
  ~LeaseHold() { release(); }
  LeaseHold(const LeaseHold&) = delete;
  LeaseHold& operator=(const LeaseHold&) = delete;

  void release() { core_->drop(token_, send_); }  ///< any number of times

 private:
  const std::shared_ptr<Core> core_;
  const std::string token_;
  const bool send_;
};

/// Between 0 and 1, for jitter. Any thread.
double luck();

}  // namespace patchbay::delivery
