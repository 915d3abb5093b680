/// `patchbay-simulate messenger`, `instagram` and `graph`.
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace patchbay::simulators::pages {

/// Each runs until a signal of `stop` arrives, or until the demo is over when that was asked for.
///
/// @param stop  signals that end it; the caller has blocked them in every thread.
/// @return the exit status: 0 fine, 1 the demo or a handshake failed.
/// @throws BadInput  a wrong option.
int runMessenger(const std::vector<std::string>& arguments, const sigset_t& stop);
int runInstagram(const std::vector<std::string>& arguments, const sigset_t& stop);
/// WhatsApp as well, all on one port; the demo's customers write to everything.
int runGraph(const std::vector<std::string>& arguments, const sigset_t& stop);

}  // namespace patchbay::simulators::pages
