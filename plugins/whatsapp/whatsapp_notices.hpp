/// Webhooks that are not about a message: what a customer wants, and how the number, the account and its templates are.
#pragma once

#include <patchbay/event.hpp>
#include <string_view>
#include <vector>

namespace patchbay::whatsapp {

/// @param field  of the change: "user_preferences", "account_update", ...
/// @return nothing for fields that say nothing to us, and for shapes that were never seen
std::vector<Event> readNotice(std::string_view field, const Json& value, Time now);

}  // namespace patchbay::whatsapp
