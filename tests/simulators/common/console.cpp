#include "simulators/common/console.hpp"

#include <sys/prctl.h>

#include <cstdio>
#include <memory>
#include <mutex>

#include "base/time.hpp"

namespace patchbay::simulators {

std::function<void(std::string_view)> storyOf(const CommandLine& line) {
  if (line.has("quiet")) return {};
  return [mutex = std::make_shared<std::mutex>()](std::string_view text) {
    const std::string time = formatRfc3339(now()).substr(11, 12);
    const std::lock_guard lock(*mutex);
    std::printf("%s %.*s\n", time.c_str(), static_cast<int>(text.size()), text.data());
    std::fflush(stdout);
  };
}

std::vector<Failure> failuresOf(const CommandLine& line) {
  std::vector<Failure> failures;
  for (const std::string& text : line.all("fail")) failures.push_back(Failure::fromText(text));
  return failures;
}

bool printed(const CommandLine& line, std::span<const OptionRule> rules, std::string_view about) {
  if (line.has("help"))
    std::printf("%.*s\n\n%s", static_cast<int>(about.size()), about.data(), CommandLine::help(rules).c_str());
  else if (line.has("version"))
    std::printf("patchbay-simulate %s\n", PATCHBAY_VERSION);
  else
    return false;
  return true;
}

void followParent(const CommandLine& line) {
  if (line.has("with-parent")) prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void announce(const std::string& url) {
  std::printf("listening on %s\n", url.c_str());
  std::fflush(stdout);
}

void waitForStop(const sigset_t& stop) {
  int signal = 0;
  sigwait(&stop, &signal);
}

bool stopped(const sigset_t& stop, std::chrono::milliseconds wait) {
  const timespec time{wait.count() / 1000, (wait.count() % 1000) * 1'000'000};
  return sigtimedwait(&stop, nullptr, &time) > 0;
}

}  // namespace patchbay::simulators
