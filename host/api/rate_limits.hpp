/// How many requests a caller may make in a while, by class of route.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/http.hpp"

namespace patchbay::api {

/// Which budget a request is taken from. Each caller has its own: who presents a token by tenant and identity, a
/// provider by the address of its webhook, everybody else by client address.
enum class RateClass : std::uint8_t { kRead, kWrite, kWebhook, kPublic };
inline constexpr std::size_t kRateClasses = 4;

struct RateBudget {
  std::uint32_t requests = 0;  ///< at once, and again in each `window`; 0: without limit
  std::chrono::milliseconds window{std::chrono::minutes{1}};
};
using RateBudgets = std::array<RateBudget, kRateClasses>;  ///< by RateClass

/// What is left of a budget.
struct RateState {
  RateClass of = RateClass::kRead;
  RateBudget budget;
  bool allowed = true;
  std::uint32_t remaining = 0;
  std::chrono::seconds reset{0};  ///< until one more is there when none is left, else until all are; rounded up
};

/// A bucket per caller and class that fills evenly. Thread-safe; remembers 64,000 callers at most, and forgets those
/// first whose buckets are full again, since they mean nothing.
class RateLimits {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RateLimits(const RateBudgets& budgets) : budgets_(budgets) {}

  /// Takes one request. Nothing when the class has no limit.
  std::optional<RateState> take(RateClass of, std::string_view caller, Clock::time_point now);
  std::size_t callers();  ///< that are remembered now

 private:
  struct Bucket {
    double left = 0;
    Clock::time_point at;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;  // by class and caller
    Clock::time_point cleaned;
  };
  void makeRoom(Shard& shard, Clock::time_point now) const;
  void eraseFull(Shard& shard, Clock::time_point now) const;

  const RateBudgets budgets_;
  std::array<Shard, 16> shards_;
};

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
void addRateHeaders(http::Headers& headers, const RateState& state);

}  // namespace patchbay::api
