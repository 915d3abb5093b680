/// Failures that look the same at every provider, since it is not the provider who makes them.
#pragma once

#include "simulators/common/failures.hpp"
#include "simulators/common/http_server.hpp"

namespace patchbay::simulators {

/// A gateway's bare status, no answer, a closed connection, an answer that dribbles. Others are the provider's own to
/// play: they leave `reply` as it is.
void spoilConnection(const Failure& failure, HttpReply& reply);

}  // namespace patchbay::simulators
