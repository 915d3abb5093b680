/// A few threads for connector turns and files: what would hold up the HTTP client's thread or a lane.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::delivery {

/// The queue needs no bound of its own: an operation has one task at a time, and operations are bounded.
class Workers {
 public:
  explicit Workers(std::size_t threads);
  ~Workers() { stop(); }

  /// @return false after stop(): the task is dropped
  bool post(std::function<void()> task);
  /// Ends the threads after the tasks that run; what waits is dropped. Not from a task.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace patchbay::delivery
