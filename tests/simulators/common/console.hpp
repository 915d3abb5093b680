/// What the commands of all simulators do alike: the options that each has, what is printed, and when they end.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulators/common/command_line.hpp"
#include "simulators/common/failures.hpp"

namespace patchbay::simulators {

/// Prints what happens, a line with its time each, from any thread; nothing with --quiet.
std::function<void(std::string_view)> storyOf(const CommandLine& line);

/// --host, --port, --seed and --quiet into a simulator's options.
template <class Options>
void readCommonOptions(const CommandLine& line, Options& options) {
  options.host = line.get("host", options.host);
  options.port = static_cast<std::uint16_t>(line.number("port", 0, 0, 65'535));
  options.seed = static_cast<std::uint64_t>(line.number("seed", 0, 0, 1'000'000'000'000));
  options.story = storyOf(line);
}

/// --fail, as often as it was given. @throws BadInput
std::vector<Failure> failuresOf(const CommandLine& line);

/// --help (`about`, then the options) and --version. @return whether one of them was asked for: there is no more to do
bool printed(const CommandLine& line, std::span<const OptionRule> rules, std::string_view about);

/// --with-parent: SIGTERM comes when the process that started this one ends.
void followParent(const CommandLine& line);

/// The first line that a command prints: whoever started it reads the address there.
void announce(const std::string& url);

void waitForStop(const sigset_t& stop);
/// Waits for a stop signal or the time. @return whether the signal came
bool stopped(const sigset_t& stop, std::chrono::milliseconds wait);

}  // namespace patchbay::simulators
