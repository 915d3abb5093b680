/// What one client may hold of the server, so that it cannot take all of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/byte_budget.hpp"

namespace patchbay::edge {

/// What the connections of one address hold together. Thread-safe.
struct PeerShare {
  explicit PeerShare(std::size_t limit) : bodies(limit) {}
  ByteBudget bodies;                          ///< bytes of request bodies in memory
  std::atomic<std::uint32_t> connections{0};  ///< open now

  /// The budget, which keeps the whole alive.
  static std::shared_ptr<ByteBudget> bodiesOf(const std::shared_ptr<PeerShare>& share) {
    return {share, &share->bodies};
  }
};

/// One share per address for as long as it has connections. Thread-safe.
class PeerShares {
 public:
  explicit PeerShares(std::size_t limit) : limit_(limit) {}

  /// @param peer  an address as text. Of IPv6 the first 64 bits count: a client has all the addresses below them.
  std::shared_ptr<PeerShare> of(const std::string& peer);

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<PeerShare>> shares_;  // may hold dead ones; cleaned as it grows
  std::size_t clean_at_ = 64;
};

}  // namespace patchbay::edge
