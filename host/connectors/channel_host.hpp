/// What an instance may call outside of its turns; shared by channel.cpp and channel_factory.cpp.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "connectors/channel.hpp"

namespace patchbay::connectors {

/// How much one instance may log: 100 lines at once, 10 a second in the long run. Thread-safe.
class LogAllowance {
 public:
  /// @param left_out  lines that were refused since the last one that was not
  bool take(std::chrono::steady_clock::time_point now, std::uint64_t& left_out);

 private:
  std::mutex mutex_;
  double lines_ = kBurst;  // guarded by mutex_
  std::chrono::steady_clock::time_point filled_{};
  std::uint64_t left_out_ = 0;
  static constexpr double kBurst = 100;
  static constexpr double kPerSecond = 10;
};

struct Channel::HostServices {
  explicit HostServices(std::string channel);
  HostServices(const HostServices&) = delete;  // `table` points back here
  HostServices& operator=(const HostServices&) = delete;

  std::string who;  ///< "tenant/channel"
  LogAllowance allowance;
  pb_host table{};
};

}  // namespace patchbay::connectors
