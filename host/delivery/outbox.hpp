/// The durable queues of what has to be done at providers: sends in order per recipient, and jobs that are due at a
/// time. Only SQL over {tenant}.pb_outbox, {tenant}.pb_attempts, patchbay.send_queue and patchbay.due; the dispatcher
/// decides.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "db/lane.hpp"

namespace patchbay::delivery {

/// An operation for a connector, in the order of its recipient.
struct Enqueue {
  std::string channel_name;
  std::string recipient;  ///< "kind:address": sends to one recipient never overtake each other
  std::int64_t message_id = 0;
  std::string ref;        ///< UUID, the same on every attempt
  std::string operation;  ///< operation.schema.json as text
  std::optional<Timestamp> not_before;
  std::chrono::milliseconds ttl{std::chrono::hours{24}};  ///< from then on; after it the message fails
};

/// Writes the outbox row and makes the recipient due, in the caller's transaction.
void enqueue(db::TenantWrite& write, const Enqueue& item);

/// A job that is done once, at or after `run_at`, outside of any recipient's order: "media" fetches an inbound
/// message's media, "status" asks what became of an outbound one.
struct DueJob {
  std::string kind;
  std::string channel_name;
  std::string payload;  ///< JSON
  Timestamp run_at;
};
void schedule(db::TenantWrite& write, const DueJob& job);

/// A status or an echo has named a provider's id that was not known, and our ref: one part of message `message_id` has
/// arrived. When that settles what was unknown, the outbox row goes and the recipient's next message may. While the
/// send is still under way it is only noted: the answer will come, or the note tells that the lost one was a yes.
enum class Settled {
  kNotYet,   ///< the send is still under way, or was not lost
  kWhole,    ///< the outbox row is gone
  kPerhaps,  ///< likewise, but the step was not marked as the last: a next part may have been meant to follow
};
Settled settle(db::TenantWrite& write, std::int64_t message_id);

/// Nothing more is to be done for the message, whatever was: its outbox row goes.
void forget(db::TenantWrite& write, std::int64_t message_id);

/// A person's word about a message that is in the outbox, whatever its state: sent again, or given up.
enum class Hand {
  kDone,
  kNotThere,  ///< the outbox has no such message
  kUnderWay,  ///< a request of it may be on the wire: wait until its fate is known
};
struct Revived {
  Hand hand = Hand::kNotThere;
  std::string ref;                  ///< that it goes under from now on
  bool possible_duplicate = false;  ///< (a part of) it may have arrived before
};
/// It is due now, with all its tries and its whole time to live before it. Where its connector has left a carry it goes
/// on from there. One that failed as a whole goes under `new_ref`: a provider who knows the old one would refuse again.
Revived revive(db::TenantWrite& write, std::int64_t message_id, const std::string& new_ref);
/// It leaves the outbox.
Hand discard(db::TenantWrite& write, std::int64_t message_id);

/// Brings the rows of patchbay.send_queue in line with what the recipients' messages say. Recipients that somebody has
/// leased keep their lease, and are due no later than before.
void recount(db::TenantWrite& write, const std::vector<std::string>& channels,
             const std::vector<std::string>& recipients);

}  // namespace patchbay::delivery
