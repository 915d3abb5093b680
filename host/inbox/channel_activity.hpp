/// What the tenant's tables tell about how its channels do.
#pragma once

#include <map>
#include <patchbay/json.hpp>
#include <string>

#include "db/pool.hpp"

namespace patchbay::inbox {

/// By channel name: {"last_inbound_at", "last_outbound_at", "last_error": {"at", "message_id", "class", "code", "text"}
/// | null, "last_notice": {"at", "class", "code", "text"} | null}. Errors and notices are those among the newest 10,000
/// messages and events. Blocks: worker threads only.
std::map<std::string, Json> channelActivity(db::Pool& reads, const std::string& tenant);

}  // namespace patchbay::inbox
