/// What other systems report: README.md, "In".
#pragma once

#include <patchbay/turn.hpp>
#include <string>
#include <vector>

namespace patchbay::openhook {

/// One event, or up to 500 as {"events": [...]} or a list. One that breaks a rule becomes "unparsed", with the rule.
/// @param id  of the webhook: the id of a single event that has none
/// @throws TurnError, JsonError  the body holds no events at all
std::vector<Event> readEvents(std::string_view body, const std::string& id, const Call& call);

}  // namespace patchbay::openhook
