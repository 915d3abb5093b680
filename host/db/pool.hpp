/// Connections for reading. Small on purpose: more than about four per core lowers throughput (engineering facts, 5.2).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "db/connection.hpp"

namespace patchbay::db {

struct PoolStats {
  std::uint64_t size = 0, in_use = 0, waiting = 0;  ///< now; waiting: callers without a connection
  std::uint64_t waits = 0;                          ///< since start: leases that had to wait
  std::uint64_t refused = 0;                        ///< since start: waited in vain, or the database was away
  double waited_seconds = 0;                        ///< since start
};

class Pool {
 public:
  Pool(Connection::Options options, std::size_t size);

  /// A connection for one piece of work; returned when the lease ends, dropped when it is broken.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (connection_) pool_->giveBack(std::move(connection_));
    }
    Connection* operator->() { return connection_.get(); }
    Connection& operator*() { return *connection_; }

    Lease& operator=(Lease&&) = delete;

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  /// Waits for a free connection, opens one while there are fewer than the size. Any thread that may block.
  /// @throws Unavailable  none within `patience`, or the database cannot be reached
  Lease lease(std::chrono::milliseconds patience = std::chrono::milliseconds{2000});
  PoolStats stats() const;

 private:
  void giveBack(std::unique_ptr<Connection> connection);

  const Connection::Options options_;
  const std::size_t size_;
  mutable std::mutex mutex_;
  std::condition_variable free_changed_;
  std::vector<std::unique_ptr<Connection>> free_;
  std::size_t out_ = 0;
  PoolStats stats_;  // size and in_use are filled in by stats()
};

}  // namespace patchbay::db
