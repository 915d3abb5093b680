#include "api/rate_limits.hpp"

#include <algorithm>
#include <cmath>

namespace patchbay::api {
namespace {

constexpr std::size_t kMostPerShard = 4000;
constexpr std::chrono::seconds kCleanEvery{1};  // a look through a whole shard
constexpr std::array<const char*, kRateClasses> kNames{"read", "write", "webhook", "public"};

double perSecond(const RateBudget& budget) {
  return budget.requests / std::chrono::duration<double>(budget.window).count();
}

/// What a bucket that had `left` at some time has after `passed`.
double filled(const RateBudget& budget, double left, RateLimits::Clock::duration passed) {
  return std::min<double>(budget.requests, left + std::chrono::duration<double>(passed).count() * perSecond(budget));
}

}  // namespace

std::optional<RateState> RateLimits::take(RateClass of, std::string_view caller, Clock::time_point now) {
  const RateBudget& budget = budgets_[static_cast<std::size_t>(of)];
  if (budget.requests == 0) return std::nullopt;
  std::string key(1, static_cast<char>('0' + static_cast<int>(of)));
  key.append(caller);
  Shard& shard = shards_[std::hash<std::string>{}(key) % shards_.size()];
  RateState state{of, budget, true, 0, {}};
  const std::lock_guard lock(shard.mutex);
  auto found = shard.buckets.find(key);
  if (found == shard.buckets.end()) {
    if (shard.buckets.size() >= kMostPerShard) makeRoom(shard, now);
    found = shard.buckets.emplace(std::move(key), Bucket{static_cast<double>(budget.requests), now}).first;
  }
  Bucket& bucket = found->second;
  bucket.left = filled(budget, bucket.left, std::max(now - bucket.at, Clock::duration::zero()));
  bucket.at = now;
  state.allowed = bucket.left >= 1;
  if (state.allowed) bucket.left -= 1;
  state.remaining = static_cast<std::uint32_t>(bucket.left);
  const double wanted = state.remaining == 0 ? 1 : budget.requests;
  state.reset = std::chrono::seconds(
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil((wanted - bucket.left) / perSecond(budget)))));
  return state;
}

std::size_t RateLimits::callers() {
  std::size_t all = 0;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    all += shard.buckets.size();
  }
  return all;
}

void RateLimits::makeRoom(Shard& shard, Clock::time_point now) const {
  if (now - shard.cleaned >= kCleanEvery) {
    shard.cleaned = now;
    eraseFull(shard, now);
  }
  // So many callers at once: somebody starts afresh, which is better than memory without end.
  if (shard.buckets.size() >= kMostPerShard) shard.buckets.erase(shard.buckets.begin());
}

void RateLimits::eraseFull(Shard& shard, Clock::time_point now) const {
  std::erase_if(shard.buckets, [&](const auto& entry) {
    const RateBudget& budget = budgets_[static_cast<std::size_t>(entry.first[0] - '0')];
    return filled(budget, entry.second.left, now - entry.second.at) >= budget.requests;
  });
}

void addRateHeaders(http::Headers& headers, const RateState& state) {
  const std::string name = std::string("\"") + kNames[static_cast<std::size_t>(state.of)] + "\"";
  const auto window = std::chrono::ceil<std::chrono::seconds>(state.budget.window).count();
  headers.push_back(
      {"RateLimit-Policy", name + ";q=" + std::to_string(state.budget.requests) + ";w=" + std::to_string(window)});
  headers.push_back(
      {"RateLimit", name + ";r=" + std::to_string(state.remaining) + ";t=" + std::to_string(state.reset.count())});
}

}  // namespace patchbay::api
