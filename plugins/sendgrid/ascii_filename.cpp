#include "ascii_filename.hpp"

#include <algorithm>
#include <array>
#include <patchbay/utf8.hpp>

namespace patchbay::sendgrid {
namespace {

constexpr char32_t kFirstLetter = 0xC0;

/// U+00C0 to U+017F: the letters of Latin-1 and Latin Extended-A without their marks.
constexpr std::array<std::string_view, 0xC0> kLetters{
    "A", "A", "A",  "A", "A", "A", "AE", "C",  "E", "E", "E",  "E",  "I", "I", "I",  "I",  "D", "N", "O",  "O",
    "O", "O", "O",  "x", "O", "U", "U",  "U",  "U", "Y", "Th", "ss", "a", "a", "a",  "a",  "a", "a", "ae", "c",
    "e", "e", "e",  "e", "i", "i", "i",  "i",  "d", "n", "o",  "o",  "o", "o", "o",  "_",  "o", "u", "u",  "u",
    "u", "y", "th", "y", "A", "a", "A",  "a",  "A", "a", "C",  "c",  "C", "c", "C",  "c",  "C", "c", "D",  "d",
    "D", "d", "E",  "e", "E", "e", "E",  "e",  "E", "e", "E",  "e",  "G", "g", "G",  "g",  "G", "g", "G",  "g",
    "H", "h", "H",  "h", "I", "i", "I",  "i",  "I", "i", "I",  "i",  "I", "i", "IJ", "ij", "J", "j", "K",  "k",
    "k", "L", "l",  "L", "l", "L", "l",  "L",  "l", "L", "l",  "N",  "n", "N", "n",  "N",  "n", "n", "N",  "n",
    "O", "o", "O",  "o", "O", "o", "OE", "oe", "R", "r", "R",  "r",  "R", "r", "S",  "s",  "S", "s", "S",  "s",
    "S", "s", "T",  "t", "T", "t", "T",  "t",  "U", "u", "U",  "u",  "U", "u", "U",  "u",  "U", "u", "U",  "u",
    "W", "w", "Y",  "y", "Y", "Z", "z",  "Z",  "z", "Z", "z",  "s",
};

/// Combining marks, as file names of macOS have them: the letter stands before.
bool isMark(char32_t c) {
  return c >= 0x300 && c <= 0x36F;
}

bool isPlain(char32_t c) {
  constexpr std::string_view kOthers = " .-_()[]+,=@&'~#!";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c < 0x80 && kOthers.find(static_cast<char>(c)) != std::string_view::npos);
}

bool isLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string asciiFilename(std::string_view name) {
  std::string ascii;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = utf8Length(name, at);
    const char32_t c = utf8Decode(name, at, length);
    at += length;
    if (isMark(c)) continue;
    if (isPlain(c))
      ascii += static_cast<char>(c);
    else if (c >= kFirstLetter && c < kFirstLetter + kLetters.size())
      ascii += kLetters[c - kFirstLetter];
    else if (!ascii.ends_with('_'))
      ascii += '_';
  }
  const std::size_t dot = std::min(ascii.rfind('.'), ascii.size());
  if (std::none_of(ascii.begin(), ascii.begin() + static_cast<std::ptrdiff_t>(dot), isLetterOrDigit))
    ascii.replace(0, dot, "attachment");
  return ascii;
}

}  // namespace patchbay::sendgrid
