#include "simulators/whatsapp/limits.hpp"

#include <algorithm>

namespace patchbay::simulators::whatsapp {

void Limits::set(LimitSettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  numbers_.clear();
  pairs_.clear();
}

LimitSettings Limits::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void Limits::opened(const std::string& number, const std::string& user, Timestamp at) {
  const std::lock_guard lock(mutex_);
  windows_[number + " " + user] = at;
}

bool Limits::take(Timestamp& full_at, int size, std::chrono::microseconds per_item, Timestamp at) {
  const Timestamp after = std::max(full_at, at) + per_item;
  if (after > at + per_item * size) return false;
  full_at = after;
  return true;
}

int Limits::check(const std::string& number, const std::string& user, bool is_template, Timestamp at) {
  const std::lock_guard lock(mutex_);
  const std::string pair = number + " " + user;
  if (settings_.window && !is_template) {
    const auto open = windows_.find(pair);
    if (open == windows_.end() || at - open->second > std::chrono::hours(24)) return 131047;
  }
  if (settings_.pair_burst > 0 && !take(pairs_[pair], settings_.pair_burst, settings_.pair_pause, at)) return 131056;
  if (settings_.per_second > 0 &&
      !take(numbers_[number], settings_.per_second, std::chrono::microseconds(1'000'000 / settings_.per_second), at))
    return 130429;
  return 0;
}

void Limits::reset() {
  const std::lock_guard lock(mutex_);
  numbers_.clear();
  pairs_.clear();
  windows_.clear();
}

}  // namespace patchbay::simulators::whatsapp
