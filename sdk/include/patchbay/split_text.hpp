/// Cutting a long text into parts that a provider takes, where a reader would cut it.
#pragma once

#include <cstddef>
#include <patchbay/utf8.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// What a provider means by "characters". Where its documents do not say, kUtf16 is the careful choice: it never counts
/// less than kCodePoints.
enum class TextUnit { kUtf16, kCodePoints, kBytes };

namespace detail {

inline std::size_t unitsOf(char32_t c, std::size_t bytes, TextUnit unit) {
  if (unit == TextUnit::kBytes) return bytes;
  return unit == TextUnit::kUtf16 && c >= 0x10000 ? 2 : 1;
}

inline bool within(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

/// Marks that belong to the character before them: combining accents, vowel signs, variation selectors, skin tones,
/// tags. The blocks of Unicode 15 that consist of such marks and occur in chat; a mark that is missing here may open a
/// part.
inline bool continuesCharacter(char32_t c) {
  return within(c, 0x0300, 0x036F) || within(c, 0x0483, 0x0489) || within(c, 0x0591, 0x05BD) ||
         within(c, 0x0610, 0x061A) || within(c, 0x064B, 0x065F) || c == 0x0670 || within(c, 0x06D6, 0x06DC) ||
         within(c, 0x0900, 0x0903) || within(c, 0x093A, 0x093C) || within(c, 0x093E, 0x094F) ||
         within(c, 0x0981, 0x0983) || within(c, 0x09BC, 0x09CD) || within(c, 0x0A3C, 0x0A4D) ||
         within(c, 0x0ABC, 0x0ACD) || within(c, 0x0B3C, 0x0B4D) || within(c, 0x0BBE, 0x0BCD) ||
         within(c, 0x0C3E, 0x0C4D) || within(c, 0x0CBC, 0x0CCD) || within(c, 0x0D3B, 0x0D4D) || c == 0x0E31 ||
         within(c, 0x0E34, 0x0E3A) || within(c, 0x0E47, 0x0E4E) || c == 0x0EB1 || within(c, 0x0EB4, 0x0EBC) ||
         within(c, 0x0EC8, 0x0ECD) || within(c, 0x102B, 0x103E) || within(c, 0x1160, 0x11FF) ||
         within(c, 0x17B4, 0x17D3) || within(c, 0x1AB0, 0x1AFF) || within(c, 0x1DC0, 0x1DFF) || c == 0x200C ||
         c == 0x200D || within(c, 0x20D0, 0x20FF) || within(c, 0x3099, 0x309A) || within(c, 0xFE00, 0xFE0F) ||
         within(c, 0xFE20, 0xFE2F) || within(c, 0x1F3FB, 0x1F3FF) || within(c, 0xE0020, 0xE007F) ||
         within(c, 0xE0100, 0xE01EF);
}

inline bool isBlank(char32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0x3000;
}

/// End of the character (as people see it) that begins at `at`: a code point with its marks, a chain of emoji that
/// U+200D joins, a pair of regional indicators (a flag), CR with LF.
inline std::size_t characterEnd(std::string_view text, std::size_t at) {
  constexpr char32_t kJoiner = 0x200D;
  std::size_t length = utf8Length(text, at);
  char32_t previous = utf8Decode(text, at, length);
  std::size_t end = at + length;
  bool flag_open = within(previous, 0x1F1E6, 0x1F1FF);
  while (end < text.size()) {
    length = utf8Length(text, end);
    const char32_t next = utf8Decode(text, end, length);
    const bool flag_closes = flag_open && within(next, 0x1F1E6, 0x1F1FF);
    if (!continuesCharacter(next) && previous != kJoiner && !flag_closes && !(previous == '\r' && next == '\n')) break;
    if (flag_closes) flag_open = false;
    previous = next;
    end += length;
  }
  return end;
}

}  // namespace detail

/// Length of `text` as the provider counts it.
inline std::size_t textLength(std::string_view text, TextUnit unit) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = utf8Length(text, at);
    units += detail::unitsOf(utf8Decode(text, at, bytes), bytes, unit);
    at += bytes;
  }
  return units;
}

/// Parts of at most `limit` units each. Cuts at the last line break in the second half of a part, else after the last
/// blank, else between two characters; never inside a character, unless that one alone is longer than the limit (then
/// between its code points). Blanks at a cut are dropped; everything else is kept. A text that fits comes back as it
/// is, an empty one as no part.
/// @param limit  at least 4, so that any code point fits.
inline std::vector<std::string> splitText(std::string_view text, std::size_t limit, TextUnit unit) {
  std::vector<std::string> parts;
  const auto trimEnd = [](std::string_view part) {
    while (!part.empty() && detail::isBlank(static_cast<unsigned char>(part.back()))) part.remove_suffix(1);
    return part;
  };
  std::size_t begin = 0;
  std::size_t at = 0;
  std::size_t units = 0;        // from begin to at
  std::size_t after_blank = 0;  // where a part may begin, 0: nowhere yet
  std::size_t after_line = 0;
  while (at < text.size()) {
    const std::size_t end = detail::characterEnd(text, at);
    const std::size_t size = textLength(text.substr(at, end - at), unit);
    if (units + size <= limit) {
      const std::size_t first = utf8Length(text, at);
      const char32_t c = utf8Decode(text, at, first);
      units += size;
      at = end;
      if (detail::isBlank(c)) {
        after_blank = at;
        if ((c == '\n' || c == '\r') && units > limit / 2) after_line = at;
      }
      continue;
    }
    std::size_t cut = after_line != 0 ? after_line : after_blank != 0 ? after_blank : at;
    const std::size_t next_bytes = utf8Length(text, at);
    if (detail::isBlank(utf8Decode(text, at, next_bytes))) cut = at;  // the part ends exactly with a word
    if (cut == begin) {                                               // one character longer than a part
      units = 0;
      while (cut < end) {
        const std::size_t bytes = utf8Length(text, cut);
        const std::size_t more = detail::unitsOf(utf8Decode(text, cut, bytes), bytes, unit);
        if (units + more > limit) break;
        units += more;
        cut += bytes;
      }
      if (cut == begin) cut = end;  // a limit below 4
    }
    const std::string_view part = trimEnd(text.substr(begin, cut - begin));
    if (!part.empty()) parts.emplace_back(part);
    begin = cut;
    while (begin < text.size()) {
      const std::size_t bytes = utf8Length(text, begin);
      if (!detail::isBlank(utf8Decode(text, begin, bytes))) break;
      begin += bytes;
    }
    at = begin;
    units = 0;
    after_blank = 0;
    after_line = 0;
  }
  const std::string_view rest = begin == 0 ? text : trimEnd(text.substr(begin));
  if (!rest.empty()) parts.emplace_back(rest);
  return parts;
}

}  // namespace patchbay
