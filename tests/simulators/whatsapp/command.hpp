/// `patchbay-simulate whatsapp`.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "simulators/whatsapp/number.hpp"

namespace patchbay::simulators::whatsapp {

/// A number as `--number` writes it: "1061=http://127.0.0.1:8003/...,token=T,label=L". @throws BadInput
Number numberFromText(const std::string& text);

/// Runs until a signal of `stop` arrives, or until the demo is over when that was asked for.
///
/// @param stop  signals that end it; the caller has blocked them in every thread.
/// @return the exit status: 0 fine, 1 the demo or a handshake failed.
/// @throws BadInput  a wrong option.
int run(const std::vector<std::string>& arguments, const sigset_t& stop);

}  // namespace patchbay::simulators::whatsapp
