/// Where the webhooks of isolated channels wait for their turns: those take as long as their workers like, and neither
/// an I/O thread nor the API's threads may wait with them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::api {

/// One queue for each channel, whose tasks run one after the other; a few threads for all of them. A channel whose
/// turns hang holds up one thread and nobody else. Thread-safe.
class TurnQueues {
 public:
  /// @param run  false: the queues are stopping; answer that nothing was done. Must not throw.
  using Task = std::function<void(bool run)>;
  struct Options {
    std::size_t max_threads = 32;  ///< started when needed
    std::size_t max_queued = 64;   ///< tasks of one channel
  };

  TurnQueues() : TurnQueues(Options{}) {}
  explicit TurnQueues(Options options) : options_(options) {}
  ~TurnQueues() { stop(); }
  TurnQueues(const TurnQueues&) = delete;
  TurnQueues& operator=(const TurnQueues&) = delete;

  /// @param channel  only compared; what it points to must live as long as the task, which may well own it
  /// @return false when the channel's queue is full or this is stopped: the task is dropped, not called
  bool post(const void* channel, Task task);
  /// Waits for the tasks that run; those that wait are called with false. Not from a task.
  void stop();
  std::size_t queued() const;

 private:
  void loop();

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  struct Queue {
    std::deque<Task> tasks;
    bool busy = false;  // a thread runs one of its tasks, or it stands in ready_
  };
  std::map<const void*, Queue> queues_;  // guarded by mutex_; those with tasks or busy
  std::deque<const void*> ready_;        // guarded by mutex_: whose next task may start
  std::size_t idle_ = 0;                 // guarded by mutex_: threads that wait and have not been woken
  bool stopping_ = false;                // guarded by mutex_
  std::vector<std::jthread> threads_;    // guarded by mutex_
};

}  // namespace patchbay::api
