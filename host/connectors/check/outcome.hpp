/// What a case came to, and running one where it can do no harm.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace patchbay::connectors::check {

struct Outcome {
  std::string name;
  bool passed = false;
  std::string why;  ///< lines; of a case that passed: a remark, usually empty
};

/// Says what is being done, so that a crash can be pinned to it.
using Progress = std::function<void(const std::string& step)>;

/// Runs `body` in a forked child and returns the outcomes that it made. When the child dies, overruns `seconds` or
/// throws, the last entry is a failure called `name` that says how and in which step.
std::vector<Outcome> isolated(const std::string& name, int seconds,
                              const std::function<std::vector<Outcome>(const Progress&)>& body);

}  // namespace patchbay::connectors::check
