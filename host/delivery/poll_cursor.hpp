/// The durable cursor of a channel that polls: for the transaction that stores what a poll brought.
#pragma once

#include <optional>
#include <string>

#include "db/lane.hpp"

namespace patchbay::delivery {

/// The end of a poll. Its lease ends with it.
struct PollAdvance {
  std::string tenant, channel_name;
  std::string token;                  ///< of the lease under which the poll was made
  std::optional<std::string> cursor;  ///< nothing: it stays
  Timestamp due_at{};                 ///< of the next poll
};

/// @return false when the lease is another's by now (or the channel is of another account): nothing was written, and
///         nothing of the poll may be
bool advancePoll(db::TenantWrite& write, const PollAdvance& advance);

}  // namespace patchbay::delivery
