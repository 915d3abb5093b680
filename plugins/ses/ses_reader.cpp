#include "ses_reader.hpp"

#include <charconv>

namespace patchbay::ses {
namespace {

/// Reads fixed forms from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool number(std::size_t digits, int& value) {
    if (text_.size() < digits) return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + digits, value);
    if (error != std::errc{} || end != text_.data() + digits || value < 0) return false;
    text_.remove_prefix(digits);
    return true;
  }
  bool one(std::string_view characters) {
    if (text_.empty() || characters.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// ".678" of any length, cut to milliseconds.
  int fraction() {
    if (!one(".")) return 0;
    int value = 0;
    int scale = 100;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      value += (text_.front() - '0') * scale;
      scale /= 10;
      text_.remove_prefix(1);
    }
    return value;
  }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

/// "Z", "+0000", "+00:00", each after an optional blank.
std::optional<std::chrono::minutes> offsetIn(Scanner& scan) {
  scan.one(" ");
  if (scan.one("Zz")) return scan.done() ? std::optional(std::chrono::minutes{0}) : std::nullopt;
  const int sign = scan.front() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!scan.one("+-") || !scan.number(2, hours)) return std::nullopt;
  scan.one(":");
  if (!scan.number(2, minutes) || !scan.done() || hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes{sign * (hours * 60 + minutes)};
}

int valueOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::optional<Time> timeOf(std::string_view text) {
  Scanner scan(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool read = scan.number(4, year) && scan.one("-") && scan.number(2, month) && scan.one("-") &&
                    scan.number(2, day) && scan.one("Tt ") && scan.number(2, hour) && scan.one(":") &&
                    scan.number(2, minute) && scan.one(":") && scan.number(2, second);
  if (!read || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const int ms = scan.fraction();
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  const auto offset = offsetIn(scan);
  if (!date.ok() || !offset) return std::nullopt;
  return Time(std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
              std::chrono::seconds{second} + std::chrono::milliseconds{ms} - *offset);
}

std::optional<std::string> fromBase64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  unsigned bits = 0;
  int held = 0;
  bool padded = false;
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      padded = true;
      continue;
    }
    const int value = valueOf(c);
    if (value < 0 || padded) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>((bits >> static_cast<unsigned>(held)) & 0xFFU);
  }
  return held >= 6 ? std::nullopt : std::optional(std::move(out));
}

std::string addressIn(std::string_view text) {
  const auto open = text.rfind('<');
  const auto close = text.rfind('>');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close)
    text = text.substr(open + 1, close - open - 1);
  const auto at = text.find('@');
  const bool fits = at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 &&
                    text.find_first_of(" \t\r\n<>,") == std::string_view::npos;
  return fits ? std::string(text) : std::string();
}

}  // namespace patchbay::ses
