/// The struct that a connector's entry function returns, read as the ABI's growth rule says.
#pragma once

#include <patchbay/connector.h>

#include <string>

#include "base/result.hpp"

namespace patchbay::connectors {

/// "ABI 1.0": what this host has.
std::string hostAbi();

/// A copy of the descriptor, as much of it as both sides know and the rest zero, or why it cannot be used. Nothing behind
/// its struct_size is read.
///
/// @param theirs    what the entry function returned, perhaps null; a connector that is older or newer than this host
/// @param manifest  the bytes of the library's section, which the descriptor must name too
Result<pb_connector> readDescriptor(const pb_connector* theirs, const std::string& manifest);

}  // namespace patchbay::connectors
