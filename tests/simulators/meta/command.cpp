#include "simulators/meta/command.hpp"

#include <cstdio>

namespace patchbay::simulators::meta {

bool verified(const std::function<std::string()>& verify, const std::string& callback_url, const sigset_t& stop,
              std::chrono::seconds patience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const std::string problem = verify();
    if (problem.empty()) return true;
    if (!problem.starts_with("no answer") || std::chrono::steady_clock::now() >= give_up ||
        stopped(stop, std::chrono::milliseconds(500))) {
      std::fprintf(stderr, "patchbay-simulate: %s does not verify: %s\n", callback_url.c_str(), problem.c_str());
      return false;
    }
  }
}

}  // namespace patchbay::simulators::meta
