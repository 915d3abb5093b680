/// Whether a raw mail is small enough in its parts to be parsed: GMime builds the whole tree before anybody can count,
/// at hundreds of bytes for each part or header line. Internal to host/mail.
#pragma once

#include <string_view>

namespace patchbay::mail {

/// Most header lines of one part, and of all parts together.
inline constexpr std::size_t kMaxHeaderLines = 1000;
inline constexpr std::size_t kMaxAllHeaderLines = 10'000;

/// One pass over the bytes. What it counts is never less than what the parser would build: a line counts as the start
/// of a part when it could be one.
bool fitsParser(std::string_view raw);

/// The header of the whole mail without the empty line, cut after kMaxHeaderLines and kMaxHeaderBlock.
std::string_view topHeader(std::string_view raw);

}  // namespace patchbay::mail
