/// What a dispatcher takes on: leases over patchbay.send_queue and patchbay.due, and the messages behind them. Reads
/// and leases on a connection of the dispatcher's own; what becomes of them is written in lanes (send_store.hpp).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.hpp"

namespace patchbay::delivery {

struct ChannelName {
  std::string tenant;
  std::string name;
};

/// How much of a channel's work to look for, or to take on.
struct Slice {
  ChannelName channel;
  std::string kind;  ///< of jobs; empty: sends
  std::size_t most = 0;
};

/// A recipient that is ours until the lease runs out. `token` is the fence: it is compared before anything is written.
struct RecipientLease {
  std::string tenant, channel_name, recipient, token;
};

/// The first message of a recipient.
struct OutboxRow {
  std::int64_t id = 0;
  std::int64_t message_id = 0;
  std::string ref;
  std::string operation;
  std::string state;
  int step = 0;
  std::optional<std::string> carry;
  std::string version;  ///< of the connector that made carry
  bool unsafe = false;
  int attempt = 0;
  int deferrals = 0;
  bool possible_duplicate = false;
  int parts_done = 0;
  bool completes = false;  ///< the step that was started was the operation's last
  bool insist = false;     ///< a person wants it sent, from the start when its carry cannot be read
  std::string last_error;  ///< JSON, or empty
  std::optional<Timestamp> started_at, retry_at;
  Timestamp expires_at{};
};

struct DueLease {
  std::int64_t id = 0;
  std::string tenant, channel_name, kind, payload, token;
  int attempt = 0;
};

/// How many of each slice are due, counted up to its `most`. Any connection, outside of a transaction; like all that
/// follow. @throws db::Unavailable, db::SqlError
std::vector<std::size_t> countDue(db::Connection& connection, const std::vector<Slice>& slices, Timestamp now);

std::vector<RecipientLease> leaseRecipients(db::Connection& connection, const std::vector<Slice>& slices, Timestamp now,
                                            Timestamp until);
/// The first row of each recipient, in order; nothing where there is none (settled meanwhile).
std::vector<std::optional<OutboxRow>> firstRows(db::Connection& connection, const std::string& tenant,
                                                const std::vector<RecipientLease>& leases, Timestamp now);
std::vector<DueLease> leaseDue(db::Connection& connection, const std::vector<Slice>& slices, Timestamp now,
                               Timestamp until);
/// Leases of sends and jobs that still run. Rows that somebody else is writing are left for the next time.
void renewLeases(db::Connection& connection, const std::vector<std::string>& tokens, Timestamp until);
/// Channels that have something to send and are not among `channels`: removed from the file, or disabled.
std::vector<ChannelName> strandedChannels(db::Connection& connection, const std::vector<ChannelName>& channels);
/// Recipients with a message that should have been given up by now and that nobody has leased, whether or not their
/// channel is there. `token` is empty.
std::vector<RecipientLease> expiredRecipients(db::Connection& connection, Timestamp now, int limit);

}  // namespace patchbay::delivery
