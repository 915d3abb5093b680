/// What becomes of a message after it was written: edits, unsends, reactions. Providers promise no order: their clock
/// decides, and what comes before its message is parked until that is there.
#pragma once

#include <string>
#include <vector>

#include "inbox/ingest_job.hpp"
#include "inbox/service.hpp"

namespace patchbay::inbox {

/// One event of kind reaction, edit or delete.
void ingestMessageChange(db::TenantWrite& write, const Arrival& change);

/// Queues the look-up of which of these provider ids have parked changes; its rows are (channel name, provider id).
void queueParkedLookup(db::TenantWrite& write, const std::vector<std::string>& channels,
                       const std::vector<std::string>& provider_ids);

/// Applies what was parked for a message that is there now.
void applyParkedChanges(db::TenantWrite& write, const std::string& channel_name, const std::string& provider_id);

// Of a message of ours, when the provider has taken it; they answer the message, and clients hear of it as they hear of
// what a contact changes.
void noteEdit(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, std::string content,
              Timestamp when, Reply reply);
void noteWithdrawal(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, Reply reply);
/// Some parts of a text are gone and the provider keeps the others: who asks again has only those withdrawn.
void noteWithdrawnParts(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id,
                        std::vector<std::string> provider_ids, Reply reply);

}  // namespace patchbay::inbox
