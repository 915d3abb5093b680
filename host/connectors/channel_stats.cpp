#include "connectors/channel_stats.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::size_t kMaxErrorText = 300;  // code points

}  // namespace

void ChannelStats::failed(Timestamp at, std::string_view text) {
  const std::string clean = cleanText(log::scrub(text));
  const std::lock_guard lock(mutex_);
  last_error_ = {at, std::string(firstCodePoints(clean, kMaxErrorText))};
}

ChannelStats::LastError ChannelStats::lastError() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace patchbay::connectors
