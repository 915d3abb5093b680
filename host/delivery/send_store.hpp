/// What becomes of a send, written in the tenant's lane. Each function compares the fence first. No decisions here.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "db/lane.hpp"
#include "delivery/leases.hpp"
#include "delivery/operation_run.hpp"
#include "delivery/outbox.hpp"
#include "inbox/outcome.hpp"
#include "media/repository.hpp"

namespace patchbay::delivery {

/// The attempt row, and the step's state, before the first byte leaves.
struct BeginItem {
  RecipientLease lease;
  std::int64_t outbox_id = 0;
  std::int64_t message_id = 0;
  int attempt = 1;
  int step = 0;
  std::optional<std::string> carry;
  std::string version;
  bool unsafe = false;
  bool completes = false;
  bool possible_duplicate = false;
  int parts_done = 0;                    ///< unsafe steps that the provider took and that led on, in all
  std::int64_t previous_attempt_id = 0;  ///< of the step before, which has ended; 0: none
  std::optional<StepSummary> before;
  std::optional<std::string> operation;  ///< the new text, when files have been fetched for it
  std::vector<media::File> files;        ///< that the tenant has from now on
};
/// @return the id of the attempt row for each item; 0 where the fence or the row is gone: then nothing may be sent
std::vector<std::int64_t> beginSteps(db::TenantWrite& write, const std::vector<const BeginItem*>& items,
                                     Timestamp lease_until);

struct FinishItem {
  enum class Row {
    kKeep,     ///< there was none, or it is untouched: only the lease is given back
    kDelete,   ///< its fate is known
    kQueue,    ///< again at retry_at
    kUnknown,  ///< until retry_at
    kHold,     ///< for good, holding nobody
    kFailed,   ///< given up, kept for a person
  } row = Row::kKeep;
  RecipientLease lease;
  std::int64_t outbox_id = 0;
  std::int64_t message_id = 0;
  std::int64_t attempt_id = 0;
  std::optional<StepSummary> summary;
  std::optional<inbox::SendOutcome> outcome;         ///< to be told to the inbox
  std::optional<connectors::EventError> last_error;  ///< why it comes again
  std::optional<Timestamp> retry_at;
  std::optional<Timestamp> not_before;  ///< the recipient rests until then (throttled), whatever comes next
  int attempt = 0;
  int deferrals = 0;
  bool possible_duplicate = false;
  bool completes = false;                       ///< the step under way was the operation's last
  std::optional<std::chrono::hours> ask_after;  ///< once sent: when its status is asked for, if it stays away
  bool new_carry = false;
  std::optional<std::string> carry;
  std::string version;
};
struct Finished {
  bool fenced = false;  ///< the lease was still ours
  bool more = false;    ///< the recipient has another message that may go now
};
/// Where the fence did not hold nothing is written, but for one case: a message that is unknown to whoever took over
/// has been sent after all.
std::vector<Finished> finishSends(db::TenantWrite& write, const std::vector<const FinishItem*>& items);

/// Gives up what has waited longer than its time to live, of recipients that nobody works on, and tells the inbox.
/// @return how many messages
std::size_t expireMessages(db::TenantWrite& write, const std::vector<RecipientLease>& recipients);

/// The job as it is from now on. @return whether the fence held
bool saveDue(db::TenantWrite& write, const DueLease& lease, const std::string& payload, Timestamp leased_until);

/// A due job has ended: it goes, or it comes again at `retry_at`. @return whether the fence held
bool finishDue(db::TenantWrite& write, const DueLease& lease, std::optional<Timestamp> retry_at);

}  // namespace patchbay::delivery
