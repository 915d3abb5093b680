/// Jobs that run later, on a few threads of their own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::simulators {

/// Thread-safe. The destructor drops what is not due yet and waits for what runs.
class Scheduler {
 public:
  explicit Scheduler(unsigned threads);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Jobs with the same due time start in the order they were given. A job must not throw.
  void after(std::chrono::milliseconds delay, std::function<void()> job);
  /// Drops every job that has not started.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void work();

  std::mutex mutex_;  // guards jobs_ and stopping_
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace patchbay::simulators
