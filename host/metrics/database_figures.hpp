/// What only the database knows: what waits to be sent, what is in quarantine, how large it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "db/pool.hpp"

namespace patchbay::metrics {

struct QueueFigures {
  std::int64_t pending = 0;         ///< waits to be sent, or is being sent
  std::int64_t unknown = 0;         ///< perhaps sent; may still settle
  std::int64_t held = 0;            ///< unknown for good
  std::int64_t quarantined = 0;     ///< webhooks
  std::optional<Timestamp> oldest;  ///< when the oldest pending one was written
};

struct DatabaseFigures {
  bool up = false;
  std::string why;              ///< not up
  std::int64_t size_bytes = 0;  ///< 0 when not up
  /// By tenant and channel; those that have nothing are not there. Empty when not up.
  std::map<std::pair<std::string, std::string>, QueueFigures> channels;
};

/// Asks the database when somebody wants to know, and not more often than that: scrapes share the answers.
/// Thread-safe; blocks on the database.
class DatabaseSampler {
 public:
  /// So many tenants at most are asked about, the first ones.
  static constexpr std::size_t kMaxTenants = 500;

  /// @param reads    must outlive it
  /// @param tenants  slugs of those that have channels
  DatabaseSampler(db::Pool& reads, std::function<std::vector<std::string>()> tenants)
      : reads_(reads), tenants_(std::move(tenants)) {}

  /// @param max_age  how old the figures may be
  std::shared_ptr<const DatabaseFigures> figures(std::chrono::milliseconds max_age);

 private:
  DatabaseFigures ask();

  db::Pool& reads_;
  const std::function<std::vector<std::string>()> tenants_;
  std::mutex mutex_;                              // held while asking: who comes meanwhile gets the same answer
  std::shared_ptr<const DatabaseFigures> known_;  // guarded by mutex_
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace patchbay::metrics
