/// Turns that are under way in the host's own process, so that one which never returns is noticed: nothing can end it,
/// and a thread of the host is gone with it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace patchbay::connectors {

/// Thread-safe; takes no lock, as turns may be short and many.
class RunningTurns {
 public:
  using Clock = std::chrono::steady_clock;

  /// A turn under way; over when it goes.
  class Mark {
   public:
    explicit Mark(std::atomic<Clock::rep>* slot) : slot_(slot) {}
    ~Mark() {
      if (slot_ != nullptr) slot_->store(kFree, std::memory_order_release);
    }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    std::atomic<Clock::rep>* const slot_;
  };

  /// Of so many turns at once the further ones are not watched.
  static constexpr std::size_t kMost = 64;

  [[nodiscard]] Mark begin(Clock::time_point at) {
    for (auto& slot : slots_) {
      Clock::rep free = kFree;
      if (slot.load(std::memory_order_relaxed) == kFree &&
          slot.compare_exchange_strong(free, at.time_since_epoch().count(), std::memory_order_acquire))
        return Mark(&slot);
    }
    return Mark(nullptr);
  }

  /// Since when the oldest one runs.
  std::optional<Clock::time_point> oldest() const {
    std::optional<Clock::time_point> oldest;
    for (const auto& slot : slots_) {
      const auto since = slot.load(std::memory_order_relaxed);
      if (since == kFree) continue;
      const Clock::time_point at{Clock::duration{since}};
      if (!oldest || at < *oldest) oldest = at;
    }
    return oldest;
  }

 private:
  static constexpr Clock::rep kFree = 0;
  std::array<std::atomic<Clock::rep>, kMost> slots_{};
};

}  // namespace patchbay::connectors
