/// What is delivered to other systems: README.md, "Out".
#pragma once

#include <patchbay/turn.hpp>
#include <string>

namespace patchbay::openhook {

/// @param url  of the channel's config
Step deliver(const std::string& url, const Operation& operation, const Call& call);

/// What the answer means.
Result resultOf(const Operation& operation, const Response& response);

}  // namespace patchbay::openhook
