#include "meta/pace.hpp"

#include <algorithm>

namespace patchbay::meta {
namespace {

using std::chrono::minutes;

/// Where Meta names no time: the calls of the last hour count, so a few minutes give back a share.
constexpr minutes kSpentPause{5};
constexpr std::int64_t kMaxMinutes = 1440;

/// The account's own header: {"<id>": [{"call_count": 98, "estimated_time_to_regain_access": 5}]}, in minutes.
minutes regainAfter(std::string_view header) {
  std::int64_t longest = 0;
  for (const Json& account : parseJson(header, {.max_bytes = 8192, .max_depth = 8}))
    for (const Json& use : account)
      longest = std::max(longest, use.value("estimated_time_to_regain_access", std::int64_t{0}));
  return minutes(std::min(longest, kMaxMinutes));
}

/// The app's header: {"call_count": 28, "total_time": 25, "total_cputime": 20}, in percent.
bool spent(std::string_view header) {
  const Json usage = parseJson(header, {.max_bytes = 8192, .max_depth = 8});
  for (const char* key : {"call_count", "total_time", "total_cputime"})
    if (usage.value(key, 0.0) >= 100) return true;
  return false;
}

template <class Value, class Read>
Value readOr(std::string_view header, Value otherwise, Read read) {
  if (header.empty()) return otherwise;
  try {
    return read(header);
  } catch (const std::exception&) {
    return otherwise;
  }
}

}  // namespace

void heedRate(const Failure& failure, Time now, std::vector<Throttle>& throttles) {
  if (failure.error_class == ErrorClass::kRateLimited && failure.retry_after)
    throttles.push_back({failure.scope, now + *failure.retry_after});
}

void heedUsage(const Response& response, Time now, std::vector<Throttle>& throttles) {
  minutes pause = readOr(response.header("X-Business-Use-Case-Usage"), minutes{0}, regainAfter);
  if (pause.count() == 0 && readOr(response.header("X-App-Usage"), false, spent)) pause = kSpentPause;
  if (pause.count() > 0) throttles.push_back({Scope::kAccount, now + pause});
}

}  // namespace patchbay::meta
