#include "base/time.hpp"

namespace patchbay {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr Timestamp kFirst = sys_days(year(1) / 1 / 1);
constexpr Timestamp kLast = Timestamp(sys_days(year(10000) / 1 / 1)) - microseconds(1);

void putDigits(char* at, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

/// Reads exactly `count` digits and moves on.
bool takeDigits(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool takeChar(std::string_view& text, char upper, char lower) {
  if (text.empty() || (text[0] != upper && text[0] != lower)) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123" (one to nine digits), or nothing; what lies below a microsecond is cut off.
bool takeFraction(std::string_view& text, microseconds& fraction) {
  if (text.empty() || text[0] != '.') return true;
  text.remove_prefix(1);
  int value = 0;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    if (count < 6) value = value * 10 + (text[count] - '0');
  }
  if (count == 0 || count > 9) return false;
  for (std::size_t i = count; i < 6; ++i) value *= 10;
  text.remove_prefix(count);
  fraction = microseconds(value);
  return true;
}

/// "Z" or "+02:00": what to subtract to get UTC.
bool takeOffset(std::string_view& text, std::chrono::minutes& offset) {
  if (takeChar(text, 'Z', 'z')) return true;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!takeDigits(text, 2, hours) || !takeChar(text, ':', ':') || !takeDigits(text, 2, minutes)) return false;
  if (hours > 23 || minutes > 59) return false;
  offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
  return true;
}

}  // namespace

Timestamp now() {
  return std::chrono::floor<microseconds>(std::chrono::system_clock::now());
}

std::string formatRfc3339(Timestamp time) {
  time = std::clamp(time, kFirst, kLast);
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const auto millis = static_cast<unsigned>(std::chrono::floor<std::chrono::milliseconds>(time - day).count());
  std::string out = "0000-00-00T00:00:00.000Z";
  char* text = out.data();
  putDigits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  putDigits(text + 5, static_cast<unsigned>(date.month()), 2);
  putDigits(text + 8, static_cast<unsigned>(date.day()), 2);
  putDigits(text + 11, millis / 3'600'000, 2);
  putDigits(text + 14, millis / 60'000 % 60, 2);
  putDigits(text + 17, millis / 1000 % 60, 2);
  putDigits(text + 20, millis % 1000, 3);
  return out;
}

std::optional<Timestamp> parseRfc3339(std::string_view text) {
  int y = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  microseconds fraction{0};
  std::chrono::minutes offset{0};
  const bool read = takeDigits(text, 4, y) && takeChar(text, '-', '-') && takeDigits(text, 2, month) &&
                    takeChar(text, '-', '-') && takeDigits(text, 2, day) && takeChar(text, 'T', 't') &&
                    takeDigits(text, 2, hour) && takeChar(text, ':', ':') && takeDigits(text, 2, minute) &&
                    takeChar(text, ':', ':') && takeDigits(text, 2, second) && takeFraction(text, fraction) &&
                    takeOffset(text, offset) && text.empty();
  if (!read || y == 0 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const year_month_day date(year(y), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const Timestamp local = sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                          std::chrono::seconds(second) + fraction;
  const Timestamp utc = local - offset;
  if (utc < kFirst || utc > kLast) return std::nullopt;
  // A leap second ends a UTC day (RFC 3339, appendix D); our clock has none, so it is the first second of the next one.
  if (second == 60 && utc - std::chrono::floor<days>(utc) >= std::chrono::seconds(1)) return std::nullopt;
  return utc;
}

}  // namespace patchbay
