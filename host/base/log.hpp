/// Structured log lines over Poco's logging. Thread-safe.
///
///     log::warn("edge", "request refused", {{"reason", "two Host headers"}, {"peer", address}});
///
/// prints `2026-01-05T10:00:00.123Z warn  edge: request refused reason="two Host headers" peer=127.0.0.1` on standard error.
/// Control characters are escaped, so a customer's text can never forge a line. Known secrets are scrubbed by value.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Field(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};
using Fields = std::initializer_list<Field>;

void write(Level level, std::string_view component, std::string_view message, Fields fields = {});
inline void debug(std::string_view c, std::string_view m, Fields f = {}) { write(Level::kDebug, c, m, f); }
inline void info(std::string_view c, std::string_view m, Fields f = {}) { write(Level::kInfo, c, m, f); }
inline void warn(std::string_view c, std::string_view m, Fields f = {}) { write(Level::kWarn, c, m, f); }
inline void error(std::string_view c, std::string_view m, Fields f = {}) { write(Level::kError, c, m, f); }

/// Lines below `level` are dropped before their fields are formatted. Default: kInfo.
void setLevel(Level level);
/// From now on `secret` is printed as [secret]. Secrets shorter than 6 bytes are ignored: they would blank innocent text.
void addSecret(std::string secret);
/// `text` with every known secret replaced: for problem details and stored errors.
std::string scrub(std::string_view text);

}  // namespace patchbay::log
