/// Structured log lines on standard error, over Poco's logging. Thread-safe.
///
///     log::warn("edge", "request refused", {{"reason", "two Host headers"}, {"peer", address}});
///
/// prints, as text, `2026-01-05T10:00:00.123Z warn  edge: request refused reason="two Host headers" peer=127.0.0.1`,
/// and as JSON one object per line: time, level, component, message, the ids that are known, then the fields.
///
/// Control characters are escaped and broken UTF-8 is replaced, so a customer's text can never forge a line. Messages
/// end after 4 KiB and values after 2 KiB, with a note. Known secrets are scrubbed by value, in every usual encoding.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace patchbay::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

struct Field {
  std::string_view key;
  std::string value;
  bool literal = false;  ///< a whole number or a truth value: JSON prints it without quotes
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), literal(true) {}
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Field(std::string_view k, Number v) : key(k), value(std::to_string(v)), literal(std::is_integral_v<Number>) {}
};
using Fields = std::initializer_list<Field>;

void write(Level level, std::string_view component, std::string_view message, Fields fields = {});
inline void debug(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::kDebug, c, m, f);
}
inline void info(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::kInfo, c, m, f);
}
inline void warn(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::kWarn, c, m, f);
}
inline void error(std::string_view c, std::string_view m, Fields f = {}) {
  write(Level::kError, c, m, f);
}

/// What the work in hand is about. Empty ones are not printed.
struct Ids {
  std::string_view request_id = {};
  std::string_view trace_id = {};
  std::string_view tenant = {};   ///< slug
  std::string_view channel = {};  ///< name of the instance
  std::int64_t message_id = 0;    ///< of the inbox; 0: none
};

/// While it lives, lines of this thread carry the ids, on top of those of the scopes around it; a field of the same
/// name goes before them. Borrows the texts. Work that goes on in another thread makes its own.
class Scope {
 public:
  explicit Scope(const Ids& ids);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const Ids outer_;
};

/// Lines below `level` are dropped before their fields are formatted. Default: kInfo. Any thread, any time.
void setLevel(Level level);
bool enabled(Level level);
/// Default: kText.
void setFormat(Format format);

/// While it lives a thread of its own writes the lines: who logs never waits for whoever reads them. At most 4 MiB
/// wait; debug and info are dropped from half of that on, and a line says how many were. Errors are written at once, by
/// the caller, as far as that is possible without waiting. The destructor writes what waits, for two seconds at most.
/// Without one (the commands, tests), each line is written by its caller. One at a time.
class Background {
 public:
  Background();
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
};

/// Since start; by level, in the order of Level.
struct Stats {
  std::array<std::uint64_t, 4> lines{};    ///< written, or waiting to be
  std::array<std::uint64_t, 4> dropped{};  ///< the queue was full, or nobody reads standard error any more
};
Stats stats();

/// From now on `secret` is printed as [secret]: as it is, percent-encoded, in base64 (also in the middle of it, as
/// Basic authentication has it), in hexadecimal, and as JSON escapes it. Those shorter than 6 bytes are ignored: they
/// would blank innocent text. For good: one that was replaced may still come back in a provider's answer.
void addSecret(std::string secret);
/// `text` with every known secret replaced: for problem details and stored errors.
std::string scrub(std::string_view text);

}  // namespace patchbay::log
