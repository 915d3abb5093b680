/// W3C Trace Context: which trace a request belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/http.hpp"

namespace patchbay::edge {

struct TraceContext {
  std::string trace_id;  ///< 32 hex digits, not all zero
  std::string flags;     ///< two hex digits
};

/// The value of a `traceparent` header, or nothing when any rule is broken: then there is no trace to continue.
/// Source: W3C Trace Context, section 3.2 (version 00; of later versions the part that looks like 00).
std::optional<TraceContext> parseTraceparent(std::string_view text);

/// Sets trace_id and traceparent of a request: its caller's trace, or a new one, with a span id of our own.
void continueTrace(http::Request& request);

}  // namespace patchbay::edge
