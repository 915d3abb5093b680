/// Connectors that do not come back: why a host that looks alive is not ready.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/status_report.hpp"

namespace patchbay::app {

/// A turn has 2 seconds; one that has taken this long in the host's own process is not expected back.
inline constexpr std::chrono::seconds kOverdueTurn{15};

/// A sentence for each channel with such a turn: it may hold up a listener's thread, and with it every channel.
std::vector<std::string> overdueTurns(const std::vector<ChannelState>& channels,
                                      std::chrono::steady_clock::time_point now);

}  // namespace patchbay::app
