/// Letters and digits of ASCII, by which formats are defined; <cctype> asks the locale, and must not see a negative
/// char.
#pragma once

namespace patchbay {

constexpr bool isDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool isLower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool isUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool isLetter(char c) {
  return isLower(c) || isUpper(c);
}
constexpr bool isAlnum(char c) {
  return isLetter(c) || isDigit(c);
}
/// Drives terminals and ends lines; no name or header has one.
constexpr bool isControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}
/// As UUIDs, digests and trace ids are written.
constexpr bool isLowerHex(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f');
}

}  // namespace patchbay
