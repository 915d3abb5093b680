/// Echoes that overtook the answer to their send. Without a ref nobody can tell then that they are of a message of
/// ours, so each is stored as a message of its own; once the answer names the same provider id, the two become one.
#pragma once

#include <string>
#include <vector>

#include "db/lane.hpp"
#include "inbox/status_writer.hpp"

namespace patchbay::inbox {

/// Queues the look-up of echoes that have one of the provider ids which the answer to `message_id` names.
void queueEarlyEchoes(db::TenantWrite& write, std::int64_t message_id, const std::string& channel_name,
                      const std::vector<std::string>& provider_ids);

/// Gives what was learned of the echoes (status, time, reactions, who quotes them) to the message that was sent, which
/// stays with its sender and its ref; the echoes' own rows go, each with an event message.merged.
/// @param found   rows of queueEarlyEchoes()
/// @param status  of the message; learns of the parts that it gets
void takeOverEarlyEchoes(db::TenantWrite& write, std::int64_t message_id, const db::Rows& found, StatusWriter& status);

}  // namespace patchbay::inbox
