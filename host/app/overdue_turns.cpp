#include "app/overdue_turns.hpp"

namespace patchbay::app {

std::vector<std::string> overdueTurns(const std::vector<ChannelState>& channels,
                                      std::chrono::steady_clock::time_point now) {
  std::vector<std::string> reasons;
  for (const auto& channel : channels) {
    if (!channel.stats) continue;
    const auto since = channel.stats->running.oldest();
    if (!since || now - *since < kOverdueTurn) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *since).count();
    reasons.push_back("channel " + channel.tenant + "/" + channel.name + ": the connector '" + channel.connector +
                      "' has not returned for " + std::to_string(seconds) +
                      " s and keeps a thread; restart, with `isolation: worker` for this channel");
  }
  return reasons;
}

}  // namespace patchbay::app
