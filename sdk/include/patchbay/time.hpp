/// Time as it crosses the boundary: the clock of a turn, timestamps of events.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

namespace patchbay {

/// UTC, milliseconds.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// The last moment that RFC 3339 can write: 9999-12-31T23:59:59.999Z.
inline constexpr std::int64_t kLastUnixMs = 253402300799999;

/// "2026-01-05T10:00:00.123Z". A time before 1970 or after the year 9999 is written as the nearest of the two.
inline std::string rfc3339(Time time) {
  std::int64_t ms = time.time_since_epoch().count();
  if (ms < 0) ms = 0;
  if (ms > kLastUnixMs) ms = kLastUnixMs;
  const Time clamped{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(clamped);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{clamped - day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

/// Seconds or milliseconds since 1970, told apart by magnitude: from 10^12 on (September 2001 in milliseconds, the year
/// 33658 in seconds) it is milliseconds. Providers mix the two, some within one API.
/// @return nothing when negative or beyond the year 9999.
inline std::optional<Time> fromUnix(std::int64_t value) {
  if (value < 0 || value > kLastUnixMs) return std::nullopt;
  const std::int64_t ms = value >= 1'000'000'000'000 ? value : value * 1000;
  if (ms > kLastUnixMs) return std::nullopt;
  return Time(std::chrono::milliseconds(ms));
}

/// The same from JSON: an integer, or a string of digits.
inline std::optional<Time> fromUnix(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number > static_cast<std::uint64_t>(kLastUnixMs) ? std::nullopt
                                                            : fromUnix(static_cast<std::int64_t>(number));
  }
  if (value.is_number_integer()) return fromUnix(value.get<std::int64_t>());
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return fromUnix(number);
}

}  // namespace patchbay
