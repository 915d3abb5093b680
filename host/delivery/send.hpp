/// One message of one leased recipient, from its row to its fate.
#pragma once

#include <memory>
#include <optional>

#include "delivery/core.hpp"
#include "delivery/send_store.hpp"

namespace patchbay::delivery {

/// Starts on a worker; ends by giving the lease back in the tenant's lane, or without a word when the dispatcher stops.
/// @param row  the recipient's first; nothing: there is none any more
void startSend(const std::shared_ptr<Core>& core, RecipientLease lease, std::shared_ptr<connectors::Channel> channel,
               std::optional<OutboxRow> row);

}  // namespace patchbay::delivery
