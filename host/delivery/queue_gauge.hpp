/// How much waits in the queues of all tenants, without asking the database more often than every few seconds.
#pragma once

#include <chrono>
#include <mutex>

#include "db/pool.hpp"
#include "delivery/stats.hpp"

namespace patchbay::delivery {

/// Thread-safe; blocks on the database.
class QueueGauge {
 public:
  explicit QueueGauge(db::Pool& reads, std::chrono::milliseconds fresh = std::chrono::seconds{5})
      : reads_(reads), fresh_(fresh) {}

  /// The queue's part of `stats`. Never throws for a database that is away: `known` is then false.
  void fill(DeliveryStats& stats);

 private:
  void ask();

  db::Pool& reads_;
  const std::chrono::milliseconds fresh_;
  std::mutex mutex_;  // guards what follows; held while the database is asked: others wait for the same answer
  DeliveryStats last_;
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace patchbay::delivery
