#include "base/log_output.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <numeric>

namespace patchbay::log {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kStopPatience{2};
constexpr std::chrono::seconds kTellEvery{1};
constexpr int kLookUpMs = 100;        // how often who waits for the reader looks up
constexpr std::size_t kPiece = 4096;  // PIPE_BUF: so much can be written without waiting when poll() says so

bool writable(int wait_ms) {
  pollfd stderr_now{STDERR_FILENO, POLLOUT, 0};
  // An error is "writable" too: write() says what it is.
  return ::poll(&stderr_now, 1, wait_ms) > 0;
}

}  // namespace

void Output::put(Level level, std::string line) {
  const auto index = static_cast<std::size_t>(level);
  bool alone = false;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t room = level < Level::kWarn ? kMaxWaiting / 2 : kMaxWaiting;
    alone = !background_;
    if (!alone && bytes_ + line.size() > room) {
      ++stats_.dropped[index];
      return;
    }
    ++stats_.lines[index];
    bytes_ += line.size();
    waiting_.push_back({level, std::move(line)});
  }
  if (alone || level == Level::kError) {  // the program may be about to end, so an error does not wait for the thread
    const std::lock_guard lock(writing_);
    drain(alone);
  }
  if (!alone) changed_.notify_one();
}

/// Makes the next line the current one. @return false when none waits
bool Output::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return false;
  current_ = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= current_.text.size();
  done_ = 0;
  return true;
}

/// Writes the current line on. @return false when that would be waiting for who reads
bool Output::write(bool may_wait) {
  const std::string& text = current_.text;
  while (done_ < text.size()) {
    if (!may_wait && !writable(0)) return false;
    const std::size_t size = may_wait ? text.size() - done_ : std::min(kPiece, text.size() - done_);
    const ssize_t wrote = ::write(STDERR_FILENO, text.data() + done_, size);
    if (wrote > 0) {
      done_ += static_cast<std::size_t>(wrote);
    } else if (wrote < 0 && errno == EAGAIN) {  // somebody who shares the descriptor made it non-blocking
      if (!may_wait) return false;
      writable(kLookUpMs);
    } else if (wrote < 0 && errno != EINTR) {  // nobody left to tell
      const std::lock_guard lock(mutex_);
      const auto index = static_cast<std::size_t>(current_.level);
      --stats_.lines[index];
      ++stats_.dropped[index];
      break;
    }
  }
  current_.text.clear();
  done_ = 0;
  return true;
}

/// @return false when lines are left that would have to wait
bool Output::drain(bool may_wait) {
  do {
    if (!write(may_wait)) return false;
  } while (take());
  return true;
}

void Output::start() {
  {
    const std::lock_guard lock(mutex_);
    background_ = true;
    stopping_ = false;
  }
  thread_ = std::thread([this] { run(); });
}

void Output::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    give_up_ = steady_clock::now() + kStopPatience;
  }
  changed_.notify_all();
  thread_.join();
  const std::lock_guard lock(mutex_);
  background_ = false;
}

void Output::run() {
  bool done = true;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kTellEvery, [&] { return stopping_ || !waiting_.empty() || !done; });
      if (stopping_ && ((waiting_.empty() && done) || steady_clock::now() >= give_up_)) return;
    }
    {
      const std::lock_guard lock(writing_);
      done = drain(false);
    }
    if (done)
      tellDropped();
    else
      writable(kLookUpMs);
  }
}

void Output::tellDropped() {
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    dropped = std::accumulate(stats_.dropped.begin(), stats_.dropped.end(), std::uint64_t{0});
  }
  if (dropped == told_ || steady_clock::now() < next_tell_) return;
  next_tell_ = steady_clock::now() + kTellEvery;
  const std::uint64_t more = dropped - told_;
  told_ = dropped;
  warn("log", "lines were dropped: they are not read as fast as they come",
       {{"lines", more}, {"since_start", dropped}});
}

Stats Output::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace patchbay::log
