/// Asks the provider what became of messages whose last status stayed away, through the connector's `status` operation.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/core.hpp"
#include "delivery/leases.hpp"

namespace patchbay::delivery {

/// How long after its send a message to such an address is asked for (manifest: status_after_hours); nothing: never.
/// @param recipient  "kind:address"
std::optional<std::chrono::hours> statusAskedAfter(const connectors::Channel& channel, std::string_view recipient);

/// `payload` of the job that asks for a message first after `wait`.
std::string statusAskPayload(std::int64_t message_id, Timestamp first);

/// Takes over the lease of a job of kind "status". It comes again daily, and hourly where the provider gave no answer,
/// until the message has a final status or three days are over.
void startStatusAsk(const std::shared_ptr<Core>& core, DueLease lease, std::shared_ptr<connectors::Channel> channel);

}  // namespace patchbay::delivery
