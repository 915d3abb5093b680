/// Error answers of the Graph API (fact sheet, sections 5.4 and the code table).
#pragma once

#include <string>
#include <string_view>

#include <patchbay/json.hpp>

namespace patchbay::simulators::meta {

struct GraphError {
  int status = 400;  ///< HTTP; misleading by itself: 130429 is a 400 and 131045 a 500
  Json body;
};

/// @param code      Meta's error code; one that is not in the table gets status 400 and a general text.
/// @param details   goes to error_data.details; left out when empty.
/// @param trace_id  fbtrace_id.
/// @param subcode   left out when 0.
GraphError graphError(int code, std::string_view details, const std::string& trace_id, int subcode = 0);

/// The entry of statuses[].errors[] for a message that failed after it was accepted.
Json statusError(int code, std::string_view details);

}  // namespace patchbay::simulators::meta
