/// Threads for endpoints that wait for the database, with a bounded queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::api {

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

 private:
  void loop();

  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace patchbay::api
