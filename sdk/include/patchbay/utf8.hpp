/// Walking and cutting UTF-8 without breaking a code point.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace patchbay {

/// Bytes of the code point that begins at `text[at]`. A byte that begins none counts as one of its own, so a walk over
/// any bytes ends.
inline std::size_t utf8Length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t length = 1;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (at + length > text.size()) return 1;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80U) return 1;
  return length;
}

/// The code point that begins at `text[at]` and has `length` bytes (of utf8Length); U+FFFD for a stray byte.
inline char32_t utf8Decode(std::string_view text, std::size_t at, std::size_t length) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  if (length == 1) return byte(0) < 0x80 ? byte(0) : U'\uFFFD';
  if (length == 2) return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
  if (length == 3) return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  return (byte(0) & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU);
}

/// As much of the beginning of `text` as fits into `max_bytes` without breaking a code point.
inline std::string_view utf8Prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

/// `text` with U+FFFD for every byte that is no UTF-8. The result may be three times as long.
inline std::string utf8Repaired(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8Length(text, at);
    const char32_t point = utf8Decode(text, at, length);
    const bool stray = (length == 1 && point == U'\uFFFD') || (length == 3 && point < 0x800) ||
                       (point >= 0xD800 && point <= 0xDFFF) || (length == 4 && (point < 0x10000 || point > 0x10FFFF));
    repaired += stray ? std::string_view("\xEF\xBF\xBD") : text.substr(at, length);
    at += stray ? 1 : length;
  }
  return repaired;
}

}  // namespace patchbay
