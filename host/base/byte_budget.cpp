#include "base/byte_budget.hpp"

namespace patchbay {

bool ByteBudget::take(std::size_t bytes) {
  std::size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ || used > limit_ - bytes) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

bool ByteBudget::hasRoom(std::size_t bytes) const {
  return bytes <= limit_ && used() <= limit_ - bytes;
}

}  // namespace patchbay
