/// `patchbay-simulate openhook`.
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace patchbay::simulators::openhook {

/// Runs until a signal of `stop` arrives, or until the demo is over when that was asked for.
///
/// @param stop  signals that end it; the caller has blocked them in every thread.
/// @return the exit status: 0 fine, 1 the demo or a handshake failed.
/// @throws BadInput  a wrong option.
int run(const std::vector<std::string>& arguments, const sigset_t& stop);

}  // namespace patchbay::simulators::openhook
