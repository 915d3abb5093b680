/// The bytes of request bodies that the whole process may hold at one time.
#pragma once

#include <atomic>
#include <cstddef>

namespace patchbay::edge {

/// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}

  /// @return false when the limit would be passed; nothing is taken then.
  bool take(std::size_t bytes);
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  /// Whether take() would succeed now; a hint, since others take as well.
  bool hasRoom(std::size_t bytes) const;

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one request has taken; gives it back at the end of its life.
class Charge {
 public:
  explicit Charge(ByteBudget& budget) : budget_(budget) {}
  ~Charge() { release(); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  bool grow(std::size_t total) {
    if (total <= held_) return true;
    if (!budget_.take(total - held_)) return false;
    held_ = total;
    return true;
  }
  void release() {
    if (held_ != 0) budget_.give(held_);
    held_ = 0;
  }
  std::size_t held() const { return held_; }
  const ByteBudget& budget() const { return budget_; }

 private:
  ByteBudget& budget_;
  std::size_t held_ = 0;
};

}  // namespace patchbay::edge
