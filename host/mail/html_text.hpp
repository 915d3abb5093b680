/// Text for people out of HTML.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::mail {

class HtmlTree;

struct HtmlText {
  std::string all;
  std::string own;      ///< without what is quoted below; equal to `all` when nothing was found
  bool quoted = false;  ///< something was left out of `own`
};

/// Blocks become lines, links keep their address, pictures their alternative text. The quote is found by the marks that
/// Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Proton and others put around it; own text below it keeps everything.
HtmlText htmlToText(std::string_view html);
/// The same for HTML that has been parsed. @param html  what `tree` was made of
HtmlText htmlToText(const HtmlTree& tree, std::string_view html);

}  // namespace patchbay::mail
