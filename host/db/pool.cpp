#include "db/pool.hpp"

namespace patchbay::db {

Pool::Pool(Connection::Options options, std::size_t size) : options_(std::move(options)), size_(size) {}

Pool::Lease Pool::lease(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!free_changed_.wait_for(lock, patience, [this] { return !free_.empty() || out_ < size_; }))
    throw Unavailable("all " + std::to_string(size_) + " database connections are busy");
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
    throw;
  }
}

void Pool::giveBack(std::unique_ptr<Connection> connection) {
  if (connection) connection->rollback();
  const std::lock_guard lock(mutex_);
  --out_;
  if (connection && !connection->broken()) free_.push_back(std::move(connection));
  free_changed_.notify_one();
}

}  // namespace patchbay::db
