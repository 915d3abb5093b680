/// Updates, by webhook or by poll: one JSON object each, with `update_id` and one further key.
#pragma once

#include <cstdint>
#include <optional>
#include <patchbay/connector.hpp>
#include <string>
#include <vector>

namespace patchbay::telegram {

struct UpdateNews {
  std::vector<Event> events;
  std::vector<std::string> queries;  ///< callback queries that wait for an answer, so that the button stops turning
};

/// Adds what one update tells. What cannot be understood becomes an `unparsed` event: whatever this is called with, the
/// next update can be read. Never throws.
void readUpdate(const Json& update, Time now, UpdateNews& news);

/// Nothing of it was understood, or shall be tried to.
Event unparsedUpdate(const Json& update, std::string_view why, Time now);

/// The highest update_id that is to be confirmed; nothing when the object has none.
std::optional<std::int64_t> updateNumber(const Json& update);

}  // namespace patchbay::telegram
