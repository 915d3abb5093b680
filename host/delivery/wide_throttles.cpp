#include "delivery/wide_throttles.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace patchbay::delivery {
namespace {

constexpr std::chrono::seconds kThrottledTogether{2};
/// It is a guess, and two busy groups must not silence a channel for long: when it was right, the next send says so.
constexpr std::chrono::seconds kLongestGuess{5};

}  // namespace

std::optional<Timestamp> WideThrottles::note(const std::string& channel, const std::string& recipient, Timestamp until,
                                             Timestamp now) {
  const std::lock_guard lock(mutex_);
  const Last before = std::exchange(last_[channel], {recipient, now, until});
  if (before.recipient.empty() || before.recipient == recipient || now - before.at > kThrottledTogether)
    return std::nullopt;
  return std::min({before.until, until, Timestamp(now + kLongestGuess)});
}

}  // namespace patchbay::delivery
