/// How a worker locks itself in. In this order, each once; every function returns what went wrong, empty when nothing
/// did.
#pragma once

#include <string>

#include "connectors/worker/frame.hpp"

namespace patchbay::connectors::worker {

inline constexpr int kSocket = 3;
inline constexpr int kLifeline = 4;

/// From now on the kernel kills this process as soon as the other end of the lifeline is closed: with the host, however
/// that ends. (PR_SET_PDEATHSIG would also fire when only the host's thread that started us ends.)
std::string holdLifeline();

/// Before the library is opened: an unprivileged user, no way to new privileges, limits, and a system call filter for
/// loading. It forbids what leaves the process (sockets, programs, signals, threads, writing files); reading files and
/// mapping code must still work.
std::string lockForLoading(const Open& open);

/// Before the first turn: memory, the clock, and the socket. Nothing else.
/// @param note  what this kernel does not offer and the sandbox therefore lacks
std::string lockForTurns(std::string& note);

}  // namespace patchbay::connectors::worker
