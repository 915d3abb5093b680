/// Comparing what a connector did with what a transcript expects.
#pragma once

#include <patchbay/json.hpp>
#include <string>
#include <vector>

namespace patchbay::connectors::check {

enum class Match {
  kSubset,  ///< of objects the keys given must be equal; lists have the same length; null also matches a missing key
  kExact
};

/// Adds one line per difference: "events/0/text: expected "a", got "b"". Texts that are both RFC 3339 times are
/// compared as times, numbers by value.
void compare(const Json& expected, const Json& actual, const std::string& path, Match match,
             std::vector<std::string>& differences);

/// `value` as JSON, cut to a length that a person reads.
std::string brief(const Json& value);

}  // namespace patchbay::connectors::check
