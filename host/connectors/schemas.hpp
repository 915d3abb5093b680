/// The JSON Schemas of sdk/schema, compiled into the host.
#pragma once

#include <patchbay/json.hpp>
#include <string_view>

namespace patchbay::connectors {

/// @param name  manifest, event, operation, request or result. @throws std::logic_error for any other.
const Json& schemaDocument(std::string_view name);

}  // namespace patchbay::connectors
