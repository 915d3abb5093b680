/// A running Patchbay: brings everything up in order, serves until a signal, takes everything down in order.
#pragma once

#include "app/config.hpp"

namespace patchbay::app {

/// Runs the host. SIGTERM, SIGINT and SIGHUP must be blocked before any thread exists (blockSignals()).
/// @return 0 after an orderly stop.
/// @throws std::exception  what the start needs is missing: the message names it and the remedy
int runHost(const LoadedConfig& loaded);

/// To be called first in main(): signals are waited for in one place, and no thread is ever interrupted by one.
void blockSignals();

}  // namespace patchbay::app
