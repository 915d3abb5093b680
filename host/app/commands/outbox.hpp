/// `patchbay outbox list|show|retry|drop`: what has not left, for an admin at a terminal. Works beside a running host
/// and without one, on the database of the configuration; what it changes, the host notices within a second or two.
#pragma once

#include <iosfwd>

#include "app/options.hpp"

namespace patchbay::app {

/// @return an exit code; why not is on `err`
int runOutbox(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err);

}  // namespace patchbay::app
