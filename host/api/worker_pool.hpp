/// Threads for endpoints that wait for the database, with a bounded queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::api {

struct WorkerStats {
  std::size_t threads = 0;
  std::size_t running = 0;     ///< now: tasks
  std::size_t queued = 0;      ///< now: tasks that wait
  std::size_t max_queued = 0;  ///< their limit
  std::uint64_t done = 0;      ///< since start
  std::uint64_t rejected = 0;  ///< since start: the queue was full
};

/// Thread-safe.
class WorkerPool {
 public:
  /// A task must not throw.
  using Task = std::function<void()>;

  WorkerPool(std::size_t threads, std::size_t max_queued);
  ~WorkerPool();  ///< runs what is queued, then joins
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// @return false when the queue is full or the pool is stopping: the caller answers 503
  bool submit(Task task);
  std::size_t queued() const;
  WorkerStats stats() const;

  /// Is this thread one of a pool's?
  static bool onWorker();

 private:
  void loop();

  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  WorkerStats counts_;      // guarded by mutex_; without queued
  std::vector<std::jthread> threads_;
};

}  // namespace patchbay::api
