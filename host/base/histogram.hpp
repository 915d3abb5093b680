/// How long things took, or how large they were, counted in buckets. For the hot path: no lock, no allocation.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace patchbay {

/// Seconds from half a millisecond to half a minute: of requests, turns, sends, commits.
inline constexpr std::array<double, 15> kSecondsBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                           0.25,   0.5,   1,      2.5,   5,    10,    30};
/// Things in a batch.
inline constexpr std::array<double, 10> kCountBuckets = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

/// Thread-safe. A snapshot taken while others observe may miss the last of them in one of its figures.
class Histogram {
 public:
  static constexpr std::size_t kMaxBuckets = 16;

  struct Snapshot {
    std::span<const double> bounds;
    std::vector<std::uint64_t> counts;  ///< of each bucket alone; one more than bounds: what is over the last
    double sum = 0;
  };

  Histogram() : Histogram(kSecondsBuckets) {}
  /// @param bounds  ascending, at most kMaxBuckets; must outlive the histogram
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}

  void observe(double value) noexcept {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  Snapshot snapshot() const {
    Snapshot copy{bounds_, {}, sum_.load(std::memory_order_relaxed)};
    for (std::size_t i = 0; i <= bounds_.size(); ++i) copy.counts.push_back(counts_[i].load(std::memory_order_relaxed));
    return copy;
  }

 private:
  std::span<const double> bounds_;
  std::array<std::atomic<std::uint64_t>, kMaxBuckets + 1> counts_{};
  std::atomic<double> sum_{0};
};

}  // namespace patchbay
