/// Which addresses are a channel's own: mail from one of them is never answered by a program, or two would answer each
/// other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/channel.hpp"

namespace patchbay::mail {

/// Those that the channel sends from and gets answers at (manifest `mail`), as bareAddress() writes them.
std::vector<std::string> ownAddresses(const connectors::Channel& channel);

/// In lower case and without what follows a plus sign: "Help+token@Example.org" -> "help@example.org".
std::string bareAddress(std::string_view address);

}  // namespace patchbay::mail
