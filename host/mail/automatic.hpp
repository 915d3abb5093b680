/// Whether a mail was written by a program. Such mail is shown and never answered automatically (RFC 3834).
#pragma once

#include <string>
#include <string_view>

#include "mail/headers.hpp"

namespace patchbay::mail {

struct Automatic {
  bool automatic = false;
  bool bulk = false;  ///< a list or a newsletter
  std::string why;    ///< the evidence, for people: "Auto-Submitted: auto-replied"
};

/// @param envelope_from  MAIL FROM; null where the provider does not tell it
Automatic judgeAutomatic(const HeaderLines& lines, const Headers& headers, const std::string* envelope_from);

}  // namespace patchbay::mail
