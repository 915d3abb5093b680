/// `patchbay-simulate sendgrid`.
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace patchbay::simulators::sendgrid {

/// Runs until a signal of `stop`, which is blocked in every thread. @return the exit status. @throws BadInput
int run(const std::vector<std::string>& arguments, const sigset_t& stop);

}  // namespace patchbay::simulators::sendgrid
