/// `patchbay-simulate telegram`.
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace patchbay::simulators::telegram {

/// @param stop  signals that end it; blocked already
/// @return exit status
int run(const std::vector<std::string>& arguments, const sigset_t& stop);

}  // namespace patchbay::simulators::telegram
