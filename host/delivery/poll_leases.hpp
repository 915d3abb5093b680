/// Leases over patchbay.polls: one poll at a time per channel, across all hosts. On a connection of the poller's own;
/// what a poll brought is written in lanes (poll_cursor.hpp).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/connection.hpp"

namespace patchbay::delivery {

/// A channel that is to be polled.
struct PolledChannel {
  std::string tenant, name;
  std::string account;  ///< what its cursor is of
};

struct PollLease {
  std::string tenant, channel_name, token, cursor;
  int failures = 0;
  int refusals = 0;
};

/// How a poll ended that has nothing to store.
struct PollSettlement {
  std::string token;
  Timestamp due_at{};
  bool failed = false;
  bool refused = false;  ///< failed, because the connector could not digest the answers
};

// All on a connection outside of a transaction. @throws db::Unavailable, db::SqlError

/// Makes rows where there are none. A channel of another account starts with an empty cursor, and whoever polls it
/// under the old one has lost its lease. All become due at once, with a clean slate: they are new here, or configured
/// anew. Tenants that do not exist are left out.
void enrolPolls(db::Connection& connection, const std::vector<PolledChannel>& channels, Timestamp now);

/// Those of `channels` that are due and that nobody polls, the longest due first. Of one that has been enrolled with
/// another account since there is no lease.
std::vector<PollLease> leasePolls(db::Connection& connection, const std::vector<PolledChannel>& channels, int most,
                                  Timestamp now, Timestamp until);
void renewPolls(db::Connection& connection, const std::vector<std::string>& tokens, Timestamp until);
/// Those whose lease is lost are left out.
void settlePolls(db::Connection& connection, const std::vector<PollSettlement>& settlements, Timestamp now);
/// Gives leases back, as if the polls had not begun.
void releasePolls(db::Connection& connection, const std::vector<std::string>& tokens);

/// When the first of `channels` may be polled; nothing when there is none.
std::optional<Timestamp> nextPollAt(db::Connection& connection, const std::vector<PolledChannel>& channels);

}  // namespace patchbay::delivery
