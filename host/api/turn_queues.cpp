#include "api/turn_queues.hpp"

namespace patchbay::api {

bool TurnQueues::post(const void* channel, Task task) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  auto& queue = queues_[channel];
  if (queue.tasks.size() >= options_.max_queued) return false;
  queue.tasks.push_back(std::move(task));
  if (queue.busy) return true;  // whoever runs the one before goes on with it
  queue.busy = true;
  ready_.push_back(channel);
  if (idle_ < ready_.size() && threads_.size() < options_.max_threads)
    threads_.emplace_back([this] { loop(); });
  else
    changed_.notify_one();
  return true;
}

void TurnQueues::stop() {
  std::map<const void*, Queue> dropped;
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queues_);
    ready_.clear();
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (auto& [channel, queue] : dropped)
    for (auto& task : queue.tasks) task(false);
  threads.clear();  // joins
}

std::size_t TurnQueues::queued() const {
  const std::lock_guard lock(mutex_);
  std::size_t all = 0;
  for (const auto& [channel, queue] : queues_) all += queue.tasks.size();
  return all;
}

void TurnQueues::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    --idle_;
    if (stopping_) return;
    const void* channel = ready_.front();
    ready_.pop_front();
    Task task = std::move(queues_[channel].tasks.front());
    queues_[channel].tasks.pop_front();
    lock.unlock();
    task(true);
    task = nullptr;  // what it owns goes while nothing is locked
    lock.lock();
    const auto queue = queues_.find(channel);
    if (queue == queues_.end()) continue;  // stopped meanwhile
    if (queue->second.tasks.empty())
      queues_.erase(queue);
    else
      ready_.push_back(channel);  // behind the others that wait
  }
}

}  // namespace patchbay::api
