/// `patchbay-simulate ses`.
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace patchbay::simulators::ses {

/// Runs until a signal of `stop` arrives, or until the demo is over when that was asked for.
///
/// @param stop  signals that end it; the caller has blocked them in every thread.
/// @return the exit status: 0 fine, 1 a subscription or the demo failed.
/// @throws BadInput  a wrong option.
int run(const std::vector<std::string>& arguments, const sigset_t& stop);

}  // namespace patchbay::simulators::ses
