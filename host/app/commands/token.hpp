/// `patchbay token create | list | revoke`.
#pragma once

#include <iosfwd>

#include "app/config.hpp"
#include "app/options.hpp"

namespace patchbay::app {

/// Tokens are signed with the secret of the installation and need no database; API keys need the host's.
/// @param out  gets the token, the key (once) or the list, and nothing else of a token or key
/// @return exit code; what went wrong is on `err`
int runToken(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err);

}  // namespace patchbay::app
