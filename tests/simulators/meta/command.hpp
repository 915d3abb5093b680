/// What the commands that play a product of Meta's do alike.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string>

#include "simulators/common/console.hpp"

namespace patchbay::simulators::meta {

/// The common options, --app-secret, --token, --verify-token, --statuses and --status-delay; `plan` is what follows a
/// send. @throws BadInput
template <class Options, class Plan>
void readOptions(const CommandLine& line, Options& options, Plan& plan) {
  readCommonOptions(line, options);
  options.app_secret = line.get("app-secret", options.app_secret);
  options.token = line.get("token", options.token);
  options.verify_token = line.get("verify-token", options.verify_token);
  plan.delay = std::chrono::milliseconds(line.number("status-delay", 20, 0, 3'600'000));
  plan.statuses = line.list("statuses", plan.statuses);
}

/// The handshake with one account, again and again while the host is still starting. Why it failed goes to stderr.
/// @param verify  once; empty, or what was wrong
bool verified(const std::function<std::string()>& verify, const std::string& callback_url, const sigset_t& stop,
              std::chrono::seconds patience);

}  // namespace patchbay::simulators::meta
