/// How fast we may go: what Meta's answers say about it, as throttles.
#pragma once

#include <patchbay/connector.hpp>
#include <vector>

namespace patchbay::meta {

/// After a refusal for speed, nothing leaves in its scope until the time is over; others are not held up.
void heedRate(const Failure& failure, Time now, std::vector<Throttle>& throttles);

/// Meta counts the calls of the business account and of the app, and says in headers how much of the hour is used up.
/// @param response  any answer; what cannot be read is a courtesy lost, not an error
void heedUsage(const Response& response, Time now, std::vector<Throttle>& throttles);

}  // namespace patchbay::meta
