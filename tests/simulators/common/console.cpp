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

void printVersion() {
  std::printf("patchbay-simulate %s\n", PATCHBAY_VERSION);
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

}  // namespace patchbay::simulators
