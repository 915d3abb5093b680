#include "db/pool.hpp"

namespace patchbay::db {

Pool::Pool(Connection::Options options, std::size_t size) : options_(std::move(options)), size_(size) {}

Pool::Lease Pool::lease(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !free_.empty() || out_ < size_; };
  if (!ready()) {
    const auto since = std::chrono::steady_clock::now();
    ++stats_.waits;
    ++stats_.waiting;
    const bool got = free_changed_.wait_for(lock, patience, ready);
    --stats_.waiting;
    stats_.waited_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
    if (!got) {
      ++stats_.refused;
      throw Unavailable("all " + std::to_string(size_) + " database connections are busy");
    }
  }
  ++out_;
  while (!free_.empty()) {
    auto connection = std::move(free_.back());
    free_.pop_back();
    if (!connection->stale()) return {*this, std::move(connection)};  // else the server was restarted: drop it
  }
  lock.unlock();
  try {
    return {*this, std::make_unique<Connection>(options_)};
  } catch (...) {
    giveBack(nullptr);
    lock.lock();
    ++stats_.refused;
    throw;
  }
}

PoolStats Pool::stats() const {
  const std::lock_guard lock(mutex_);
  PoolStats copy = stats_;
  copy.size = size_;
  copy.in_use = out_;
  return copy;
}

void Pool::giveBack(std::unique_ptr<Connection> connection) {
  if (connection) connection->rollback();
  const std::lock_guard lock(mutex_);
  --out_;
  if (connection && !connection->broken()) free_.push_back(std::move(connection));
  free_changed_.notify_one();
}

}  // namespace patchbay::db
