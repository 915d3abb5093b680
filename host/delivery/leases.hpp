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
  std::string last_error;  ///< JSON, or empty
  std::optional<Timestamp> started_at, retry_at;
  Timestamp expires_at{};
};

struct DueLease {
  std::int64_t id = 0;
  std::string tenant, channel_name, kind, payload, token;
  int attempt = 0;
};

/// Any connection, outside of a transaction. @throws db::Unavailable, db::SqlError
std::vector<RecipientLease> leaseRecipients(db::Connection& connection, const std::vector<ChannelName>& channels,
                                            Timestamp now, Timestamp until, int per_channel, int limit);
/// The first row of each recipient, in order; nothing where there is none (settled meanwhile).
std::vector<std::optional<OutboxRow>> firstRows(db::Connection& connection, const std::string& tenant,
                                                const std::vector<RecipientLease>& leases, Timestamp now);
std::vector<DueLease> leaseDue(db::Connection& connection, const std::vector<ChannelName>& channels,
                               const std::string& kind, Timestamp now, Timestamp until, int limit);
/// Leases of sends and jobs that still run. Rows that somebody else is writing are left for the next time.
void renewLeases(db::Connection& connection, const std::vector<std::string>& tokens, Timestamp until);
/// Channels that have something to send and are not among `channels`: removed from the file, or disabled.
std::vector<ChannelName> strandedChannels(db::Connection& connection, const std::vector<ChannelName>& channels);

}  // namespace patchbay::delivery
