/// A running Patchbay: brings everything up in order, serves until a signal, takes everything down in order.
#pragma once

#include <functional>

#include "app/config.hpp"

namespace patchbay::app {

/// Runs the host until SIGTERM, SIGINT or SIGQUIT; SIGHUP, or with `reload: true` a changed file, makes it read its
/// configuration again. The signals must be blocked before any thread exists (blockSignals()).
/// @param load_again  reads the configuration as it was read for `loaded`
/// @return 0 after an orderly stop.
/// @throws std::exception  what the start needs is missing: the message names it and the remedy
int runHost(const LoadedConfig& loaded, std::function<LoadedConfig()> load_again);

/// To be called first in main(): signals are waited for in one place, and no thread is ever interrupted by one.
void blockSignals();

}  // namespace patchbay::app
