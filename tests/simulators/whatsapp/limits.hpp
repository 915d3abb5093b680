/// The limits that Meta enforces on sends, where a test asks for them: throughput of a number, the rate of a pair, the
/// 24 hour window.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "base/time.hpp"

namespace patchbay::simulators::whatsapp {

struct LimitSettings {
  int per_second = 0;                          ///< sends of one number; 0: no limit
  int pair_burst = 0;                          ///< sends to one user at once; 0: no limit
  std::chrono::milliseconds pair_pause{6000};  ///< one more of the burst is there after this
  bool window = false;                         ///< free texts only within 24 h after the user's last message
};

/// Thread-safe.
class Limits {
 public:
  void set(LimitSettings settings);
  LimitSettings settings() const;

  /// The user wrote to the number.
  void opened(const std::string& number, const std::string& user, Timestamp at);

  /// @return 0, or the code that the send is refused with: 130429, 131056, 131047. A send that is not refused counts.
  int check(const std::string& number, const std::string& user, bool is_template, Timestamp at);

  void reset();

 private:
  /// Of a bucket that refills steadily: when it will be full again.
  static bool take(Timestamp& full_at, int size, std::chrono::microseconds per_item, Timestamp at);

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  LimitSettings settings_;
  std::map<std::string, Timestamp> numbers_;  // by number
  std::map<std::string, Timestamp> pairs_;    // by number and user
  std::map<std::string, Timestamp> windows_;  // likewise: the user's last message
};

}  // namespace patchbay::simulators::whatsapp
