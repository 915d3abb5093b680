#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/ascii.hpp"

namespace patchbay {
namespace {

/// Looks at the first character of a non-empty text.
/// @return its length when it is UTF-8 (Unicode 15, table 3-7), otherwise minus the number of bytes that one U+FFFD
///         stands for: the longest start of a character, as the Unicode standard recommends (section 3.9).
int sequenceLength(const unsigned char* p, const unsigned char* end) {
  const unsigned char lead = *p;
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return -1;
  const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte alone rules out overlong forms, surrogates and what lies above U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (end - p < 2 || p[1] < low || p[1] > high) return -1;
  for (int i = 2; i < length; ++i) {
    if (p + i == end || (p[i] & 0xC0) != 0x80) return -i;
  }
  return length;
}

/// The first byte that is not plain ASCII, or `end`.
const unsigned char* skipAscii(const unsigned char* p, const unsigned char* end) {
  for (; end - p >= 8; p += 8) {
    std::uint64_t block;
    std::memcpy(&block, p, sizeof block);
    if (block & 0x8080808080808080ULL) break;
  }
  while (p != end && *p < 0x80) ++p;
  return p;
}

/// How many leading bytes are UTF-8.
std::size_t validPrefix(std::string_view text) {
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = begin + text.size();
  const auto* p = begin;
  while ((p = skipAscii(p, end)) != end) {
    const int length = sequenceLength(p, end);
    if (length < 0) break;
    p += length;
  }
  return static_cast<std::size_t>(p - begin);
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

int hexDigit(char c) {
  if (isDigit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Edit distance in which swapping two neighbours counts as one (optimal string alignment), ignoring ASCII case.
std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, row);
  }
  return previous[b.size()];
}

}  // namespace

bool isValidUtf8(std::string_view text) {
  return validPrefix(text) == text.size();
}

std::string cleanText(std::string_view text) {
  if (validPrefix(text) == text.size() && (text.empty() || std::memchr(text.data(), 0, text.size()) == nullptr)) {
    return std::string(text);
  }
  std::string out;
  out.reserve(text.size() + 16);
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p != end) {
    const int length = *p == 0 ? -1 : sequenceLength(p, end);
    if (length > 0) {
      out.append(reinterpret_cast<const char*>(p), static_cast<std::size_t>(length));
      p += length;
    } else {
      out.append(kReplacement);
      p -= length;
    }
  }
  return out;
}

std::string onOneLine(std::string_view text) {
  std::string line = cleanText(text);
  std::replace_if(line.begin(), line.end(), isControl, ' ');
  for (std::size_t i = line.find('\xC2'); i != std::string::npos; i = line.find('\xC2', i + 1))
    if (static_cast<unsigned char>(line[i + 1]) < 0xA0) line.replace(i, 2, " ");  // C1: U+0080 to U+009F
  return line;
}

std::string_view firstCodePoints(std::string_view text, std::size_t count) {
  if (text.size() <= count) return text;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && seen++ == count) return text.substr(0, i);
  }
  return text;
}

std::size_t countCodePoints(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string lowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool percentDecode(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return false;
      const int high = hexDigit(text[i + 1]);
      const int low = hexDigit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return true;
}

std::string percentEncode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool unreserved = isAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~';  // RFC 3986, section 2.3
    if (unreserved) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates) {
  // One slip in a short word, one in three letters of a longer one: farther words confuse more than they help.
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string_view found;
  if (word.size() > 200) return found;  // quadratic work, and nobody meant that
  for (const auto& candidate : candidates) {
    const std::size_t distance = editDistance(word, candidate);
    if (distance < best && distance < std::min(word.size(), candidate.size())) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace patchbay
