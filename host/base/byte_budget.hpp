/// Bytes that may be in memory at one time: request bodies, files on their way out.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace patchbay {

/// Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}

  /// @return false when the limit would be passed; nothing is taken then.
  bool take(std::size_t bytes);
  /// Takes whatever the limit says.
  void add(std::size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const { return limit_; }
  /// Whether take() would succeed now; a hint, since others take as well.
  bool hasRoom(std::size_t bytes) const;

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one request has taken; gives it back at the end of its life.
class Charge {
 public:
  /// @param share  of the budget for one client, null for none. Who holds nothing else may pass it: a share smaller
  ///               than one body must not make that body impossible.
  explicit Charge(ByteBudget& budget, std::shared_ptr<ByteBudget> share = nullptr)
      : budget_(budget), share_(std::move(share)) {}
  ~Charge() { release(); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  bool grow(std::size_t total) {
    if (total <= held_) return true;
    if (!shareHasRoom(total) || !budget_.take(total - held_)) return false;
    if (share_) share_->add(total - held_);
    held_ = total;
    return true;
  }
  void release() {
    if (held_ == 0) return;
    budget_.give(held_);
    if (share_) share_->give(held_);
    held_ = 0;
  }
  std::size_t held() const { return held_; }
  /// Whether grow(total) would succeed now; a hint.
  bool hasRoom(std::size_t total) const {
    return total <= held_ || (shareHasRoom(total) && budget_.hasRoom(total - held_));
  }

 private:
  bool shareHasRoom(std::size_t total) const {
    return !share_ || share_->used() == held_ || share_->hasRoom(total - held_);
  }

  ByteBudget& budget_;
  const std::shared_ptr<ByteBudget> share_;
  std::size_t held_ = 0;
};

}  // namespace patchbay
