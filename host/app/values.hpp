/// Values as people write them in configuration files and on the command line. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::app {

/// "250ms", "30s", "5m", "2h", "7d": a whole number and its unit, no blanks. Up to ten years.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);
std::string formatDuration(std::chrono::milliseconds value);  ///< with the largest unit that divides it

/// "512", "512B", "64KiB", "4MiB", "1GiB": bytes. Up to 1024 GiB.
std::optional<std::uint64_t> parseSize(std::string_view text);
std::string formatSize(std::uint64_t bytes);

/// Decimal digits only, within the bounds.
std::optional<std::int64_t> parseNumber(std::string_view text, std::int64_t low, std::int64_t high);

/// true, false, yes, no, on, off, 1, 0 in any case: for environment variables. YAML has its own rules.
std::optional<bool> parseSwitch(std::string_view text);

/// Tenants: 1 to 56 of a-z, 0-9 and '-'. They become part of a schema's name.
bool isTenantSlug(std::string_view text);
/// Channels: 1 to 63 of a-z, 0-9, '-' and '_', not starting with one of the last two. They are part of a URL.
bool isChannelName(std::string_view text);
/// "127.0.0.1:9000", "simulator:80", "[::1]:9000".
bool isHostAndPort(std::string_view text);
/// As browsers write it: "https://app.example.org", "http://localhost:3000"; in small letters, without the usual port of
/// the scheme, without a slash at the end.
bool isOrigin(std::string_view text);
/// "https://example.org" or with a port and a path; no query, no fragment, no user.
bool isBaseUrl(std::string_view text);

}  // namespace patchbay::app
