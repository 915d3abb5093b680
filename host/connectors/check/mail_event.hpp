/// Mail events of a transcript, as the host would see them.
#pragma once

#include <cstdint>
#include <map>
#include <patchbay/json.hpp>
#include <string>

#include "base/time.hpp"

namespace patchbay::connectors::check {

/// Replaces the blob id in `event.mime` by what `expected.mime` is compared with: a text gets the bytes of the raw
/// message, a mapping the event that the host takes out of it. Anything else leaves the id.
void expandMime(Json& event, const Json& expected, const std::map<std::uint64_t, std::string>& blobs, Timestamp now);

}  // namespace patchbay::connectors::check
