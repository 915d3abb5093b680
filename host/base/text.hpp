/// Text from outside: made safe for PostgreSQL, measured and cut without breaking a character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

bool isValidUtf8(std::string_view text);

/// Replaces NUL and every byte sequence that is not UTF-8 by U+FFFD: PostgreSQL's text takes neither.
std::string cleanText(std::string_view text);

/// The same for one line of a terminal or a header: control characters (C0, DEL, C1) become spaces.
std::string onOneLine(std::string_view text);

/// The first `count` code points of valid UTF-8.
std::string_view firstCodePoints(std::string_view text, std::size_t count);

std::size_t countCodePoints(std::string_view text);

std::string lowerAscii(std::string_view text);
bool equalsIgnoreCase(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

/// Percent-decoding of one URL component; `plus_is_space` for query values.
/// @return false when an escape is malformed; `out` is then unspecified.
bool percentDecode(std::string_view text, bool plus_is_space, std::string& out);
std::string percentEncode(std::string_view text);

/// The nearest of `candidates` by edit distance, for "did you mean"; empty when nothing is near.
std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace patchbay
