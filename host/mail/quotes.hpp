/// What of a plain text the sender wrote now, and what is quoted below it.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::mail {

struct Stripped {
  std::string own;      ///< the whole text when nothing was found, or when nothing would be left
  bool hidden = false;  ///< something is missing in `own`
};

/// Finds the introductions and separators of the usual programs in the usual languages, the signature behind "-- ", and
/// lines like "Sent from my phone". Answers between quoted lines and forwarded mail keep everything: what is hidden
/// wrongly is worse than what is shown twice. Time is linear; only the first 1,000 lines and 100 KB are looked at.
Stripped stripQuotes(std::string_view text, std::string_view subject);

}  // namespace patchbay::mail
