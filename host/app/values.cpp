#include "app/values.hpp"

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace patchbay::app {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 5> kDurations = {
    Unit{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr std::array<Unit, 4> kSizes = {Unit{"B", 1}, {"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}};
constexpr std::uint64_t kLongest = 3653ULL * 86'400'000;
constexpr std::uint64_t kLargest = 1024ULL << 30U;

/// Digits and a unit; the unit "" is looked up too.
template <std::size_t N>
std::optional<std::uint64_t> parseWithUnit(std::string_view text, const std::array<Unit, N>& units,
                                           std::uint64_t high) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (digits == 0 || error != std::errc() || end != text.data() + digits) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) == unit.name && number <= high / unit.factor) return number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string formatWithUnit(std::uint64_t value, const std::array<Unit, N>& units) {
  Unit best = units[0];
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = unit;
  }
  return std::to_string(value / best.factor) + std::string(best.name);
}

bool consistsOf(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kHostCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

bool isHost(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']') && text.size() > 3) {
    return consistsOf(text.substr(1, text.size() - 2), "0123456789abcdefABCDEF:.");
  }
  return !text.empty() && consistsOf(text, kHostCharacters);
}

}  // namespace

std::optional<milliseconds> parseDuration(std::string_view text) {
  const auto value = parseWithUnit(text, kDurations, kLongest);
  if (!value) return std::nullopt;
  return milliseconds(*value);
}

std::string formatDuration(milliseconds value) {
  return formatWithUnit(static_cast<std::uint64_t>(value.count()), kDurations);
}

std::optional<std::uint64_t> parseSize(std::string_view text) {
  if (!text.empty() && consistsOf(text, "0123456789")) return parseWithUnit(std::string(text) + "B", kSizes, kLargest);
  return parseWithUnit(text, kSizes, kLargest);
}

std::string formatSize(std::uint64_t bytes) {
  return formatWithUnit(bytes, kSizes);
}

std::optional<std::int64_t> parseNumber(std::string_view text, std::int64_t low, std::int64_t high) {
  if (text.empty() || !consistsOf(text, "0123456789")) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) return std::nullopt;
  return value;
}

std::optional<bool> parseSwitch(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on", "1"}) {
    if (equalsIgnoreCase(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "off", "0"}) {
    if (equalsIgnoreCase(text, word)) return false;
  }
  return std::nullopt;
}

bool isTenantSlug(std::string_view text) {
  return !text.empty() && text.size() <= 56 && consistsOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

bool isChannelName(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text[0] != '-' && text[0] != '_' &&
         consistsOf(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");
}

bool isHostAndPort(std::string_view text) {
  const auto colon = text.rfind(':');
  return colon != std::string_view::npos && isHost(text.substr(0, colon)) &&
         parseNumber(text.substr(colon + 1), 1, 65535).has_value();
}

bool isOrigin(std::string_view text) {
  const bool secure = text.starts_with("https://");
  if (!isBaseUrl(text) || std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
    return false;
  text.remove_prefix(secure ? 8 : 7);
  return text.find('/') == std::string_view::npos && !text.ends_with(secure ? ":443" : ":80");
}

bool isBaseUrl(std::string_view text) {
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return false;
  }
  const std::string_view authority = text.substr(0, text.find('/'));
  if (!isHost(authority) && !isHostAndPort(authority)) return false;
  for (const char c : text) {
    if (c <= ' ' || c == 0x7F || c == '?' || c == '#' || c == '\\') return false;
  }
  return true;
}

}  // namespace patchbay::app
