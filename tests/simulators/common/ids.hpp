/// Identifiers as the providers make them: opaque, long, and sometimes ending in '='.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

namespace patchbay::simulators {

/// Thread-safe. The same seed gives the same ids in the same order; without one they differ at each start.
class Ids {
 public:
  /// @param seed  0: from the system's generator.
  explicit Ids(std::uint64_t seed);

  std::string wamid();            ///< "wamid." + base64, up to two '=' at the end
  std::string digits(int count);  ///< no leading zero; 17 digits are beyond what a double holds
  std::string word(int count);    ///< letters and digits

 private:
  std::mutex mutex_;  // guards random_
  std::mt19937_64 random_;
};

}  // namespace patchbay::simulators
