#include "connectors/channel_stats.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::size_t kMaxErrorText = 300;  // code points
constexpr std::chrono::seconds kRefusalPause{1};

std::string shownText(std::string_view text) {
  return std::string(firstCodePoints(cleanText(log::scrub(text)), kMaxErrorText));
}

}  // namespace

void ChannelStats::failed(Timestamp at, std::string_view text) {
  auto shown = shownText(text);
  const std::lock_guard lock(mutex_);
  last_error_ = {at, std::move(shown)};
}

void ChannelStats::refused(Timestamp at, std::string_view why) {
  auto before = noted_refusal_.load(std::memory_order_relaxed);
  const auto time = at.time_since_epoch().count();
  if (at - Timestamp{Timestamp::duration{before}} < kRefusalPause) return;
  if (!noted_refusal_.compare_exchange_strong(before, time, std::memory_order_relaxed)) return;  // another one just now
  auto shown = shownText(why);
  const std::lock_guard lock(mutex_);
  last_refusal_ = {at, std::move(shown)};
}

ChannelStats::LastError ChannelStats::lastError() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

ChannelStats::LastError ChannelStats::lastRefusal() const {
  const std::lock_guard lock(mutex_);
  return last_refusal_;
}

}  // namespace patchbay::connectors
