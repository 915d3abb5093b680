/// `patchbay status`: asks the running host over its internal listener how it is.
#pragma once

#include <iosfwd>

#include "app/options.hpp"

namespace patchbay::app {

/// Where the internal listener is to be found: --url, else the configuration's address (the machine itself where it
/// listens on all) with --internal-port. Empty when the configuration switches it off.
std::string internalUrl(const CommandLine& command, const InternalConfig& internal);

/// @return kExitOk when the host is ready and all its channels could be started, else kExitFailed; what is wrong with
///         asking stands on `err`
int runStatus(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err);

}  // namespace patchbay::app
