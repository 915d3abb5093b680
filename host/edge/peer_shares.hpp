/// What one client may hold of the body budget, so that it cannot take all of it.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/byte_budget.hpp"

namespace patchbay::edge {

/// One share per address for as long as it has connections. Thread-safe.
class PeerShares {
 public:
  explicit PeerShares(std::size_t limit) : limit_(limit) {}

  /// @param peer  an address as text. Of IPv6 the first 64 bits count: a client has all the addresses below them.
  std::shared_ptr<ByteBudget> of(const std::string& peer);

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<ByteBudget>> shares_;  // may hold dead ones; cleaned as it grows
  std::size_t clean_at_ = 64;
};

}  // namespace patchbay::edge
