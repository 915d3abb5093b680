/// What the host thinks of a connector's documents. Apart, since the SDK's C++ layer and the host's both have a `Result`.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::fuzz {

/// Why the host refuses an event; empty when it takes it.
std::string whyNotEvent(std::string_view json);

/// Why a document does not fit a schema of the SDK ("operation", "request", "result"); empty when it does.
std::string whyNot(std::string_view schema, std::string_view json);

}  // namespace patchbay::fuzz
