/// What the error codes of the Send API (Messenger and Instagram) mean, in the classes of
/// sdk/schema/result.schema.json.
#pragma once

#include <patchbay/result.hpp>

#include "meta/graph_error.hpp"

namespace patchbay::meta {

/// By code and subcode. Failure::code is "10-2018278" where there is a subcode.
Failure classifySend(const GraphError& error, Tries tries);

}  // namespace patchbay::meta
