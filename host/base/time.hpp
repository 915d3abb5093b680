/// Wall-clock time as Patchbay stores and prints it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay {

/// UTC, microseconds: what PostgreSQL's timestamptz holds.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

Timestamp now();

/// "2026-01-05T10:00:00.123Z": always UTC, always three digits of fraction.
std::string formatRfc3339(Timestamp time);

/// Reads RFC 3339 with any offset and up to nine digits of fraction. Years 1 to 9999.
/// @return nothing when the text is not such a time or names a day that does not exist.
std::optional<Timestamp> parseRfc3339(std::string_view text);

}  // namespace patchbay
