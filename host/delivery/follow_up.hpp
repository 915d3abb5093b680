/// Makes the requests that a webhook led to (inbox/follow_up.hpp), and gives their answers to the connector's resume().
#pragma once

#include <memory>

#include "connectors/channel.hpp"
#include "delivery/core.hpp"
#include "delivery/leases.hpp"

namespace patchbay::delivery {

/// Takes over the lease of a job of kind "request". As with messages, a step is on record before its first byte leaves,
/// and an unsafe request whose answer was lost is not made again: it is logged, since no message waits for it.
void startFollowUp(const std::shared_ptr<Core>& core, DueLease lease, std::shared_ptr<connectors::Channel> channel);

}  // namespace patchbay::delivery
