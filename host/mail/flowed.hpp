/// format=flowed (RFC 3676).
#pragma once

#include <string>
#include <string_view>

namespace patchbay::mail {

/// Joins the lines that a program broke. @param delsp  the blank at a soft break is not part of the text
std::string unflow(std::string_view text, bool delsp);

}  // namespace patchbay::mail
