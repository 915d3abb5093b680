/// An instance whose turns run in a process of its own.
#pragma once

#include <memory>
#include <string>

#include "connectors/instance.hpp"
#include "connectors/manifest.hpp"
#include "connectors/worker/process.hpp"

namespace patchbay::connectors {

/// Starts a worker for one channel. Each channel has its own: what crashes, hangs or eats memory in one is nothing to
/// the next, also when both are of one connector.
///
/// A turn that its worker does not survive is PB_BUG, never PB_TRANSIENT: whether it may be made again depends on what
/// had been sent before, and for PB_BUG the delivery looks at that. The next turn gets a new worker; after a second
/// failure in a row it waits for it, and after Options::failures the channel is off() for a while.
///
/// @param library   absolute path
/// @param manifest  what the host knows of the library: a worker that loads another file is refused
Created createInWorker(const worker::Options& options, const std::string& library, const Manifest& manifest,
                       const std::string& who, const std::string& context, const TurnContext& turn);

}  // namespace patchbay::connectors
