#include "api/worker_pool.hpp"

namespace patchbay::api {

namespace {

thread_local bool t_worker = false;

}  // namespace

bool WorkerPool::onWorker() {
  return t_worker;
}

WorkerPool::WorkerPool(std::size_t threads, std::size_t max_queued) : max_queued_(max_queued) {
  counts_.threads = threads;
  counts_.max_queued = max_queued;
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

bool WorkerPool::submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) {
      ++counts_.rejected;
      return false;
    }
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

std::size_t WorkerPool::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

WorkerStats WorkerPool::stats() const {
  const std::lock_guard lock(mutex_);
  WorkerStats stats = counts_;
  stats.queued = queue_.size();
  return stats;
}

void WorkerPool::loop() {
  t_worker = true;
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
      ++counts_.running;
    }
    task();
    const std::lock_guard lock(mutex_);
    --counts_.running;
    ++counts_.done;
  }
}

}  // namespace patchbay::api
