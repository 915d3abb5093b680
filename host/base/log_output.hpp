/// Where finished log lines go: standard error, by their callers or by a thread. Internal to host/base/log.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.hpp"

namespace patchbay::log {

/// Thread-safe. Lines are whole, each with its newline; each is one write(2) where it fits a pipe's buffer, so lines of
/// several processes on one terminal do not mix.
class Output {
 public:
  static constexpr std::size_t kMaxWaiting = 4U << 20U;  ///< bytes; debug and info are dropped from half of it on

  /// Until start() it writes itself and waits for who reads. After it, never waits.
  void put(Level level, std::string line);

  void start();
  void stop();  ///< writes what waits, for two seconds at most
  Stats stats() const;

 private:
  struct Line {
    Level level;
    std::string text;
  };
  void run();
  bool take();
  bool write(bool may_wait);
  bool drain(bool may_wait);
  void tellDropped();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Line> waiting_;  // guarded by mutex_
  std::size_t bytes_ = 0;     // guarded by mutex_: of waiting_
  Stats stats_;               // guarded by mutex_
  bool background_ = false;   // guarded by mutex_: between start() and stop()
  bool stopping_ = false;     // guarded by mutex_

  std::mutex writing_;  // held by who writes; taken before mutex_; never held while waiting for who reads, unless alone
  Line current_{};      // guarded by writing_
  std::size_t done_ = 0;  // guarded by writing_: bytes of current_ that are written

  std::chrono::steady_clock::time_point give_up_{};  // guarded by mutex_: of stop()
  std::uint64_t told_ = 0;                           // the thread's: drops that it has told
  std::chrono::steady_clock::time_point next_tell_{};
  std::thread thread_;
};

}  // namespace patchbay::log
