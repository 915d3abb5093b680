/// How a message's status may move (design.md section 3.6). Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::inbox {

/// pending < sent < delivered < read; `failed` is outside of the order.
inline int statusRank(std::string_view status) {
  if (status == "sent") return 1;
  if (status == "delivered") return 2;
  if (status == "read") return 3;
  return 0;
}

/// May `next` replace `current`? Statuses arrive late, twice and out of order: most answers are no, and that is normal.
/// @param bounced  the failure is a bounce (mail): it may also replace `delivered`
inline bool statusMoves(std::string_view current, std::string_view next, bool bounced = false) {
  if (current == "failed") return false;
  if (next == "failed") return statusRank(current) <= (bounced ? 2 : 1);
  return statusRank(next) > statusRank(current);
}

/// The status of a message that left in several parts: its lowest part's, and failed as soon as one failed.
inline std::string lowestStatus(const std::vector<std::string>& parts) {
  if (parts.empty()) return "pending";
  std::string lowest = parts.front();
  for (const auto& part : parts) {
    if (part == "failed") return part;
    if (statusRank(part) < statusRank(lowest)) lowest = part;
  }
  return lowest;
}

}  // namespace patchbay::inbox
