/// HTML of a stranger made safe to show: what is on a list stays, everything else goes.
///
/// Out: scripts, handlers, forms, frames, objects, styles beyond a few properties with plain values, SVG and MathML,
/// comments, ids and classes; addresses other than http, https, mailto and tel. Pictures on other servers do not load:
/// their address is kept in data-remote-src, for a client that is told to show them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace patchbay::mail {

class HtmlTree;

/// Where the file with this Content-ID can be had; empty: it is not in the mail.
using FindInline = std::function<std::string(std::string_view content_id)>;

/// The inside of a <body>. Cleaned once more it comes out the same. Empty when the HTML is over the bounds of HtmlTree
/// or does not settle; its text is then all there is to show.
std::string cleanHtml(std::string_view html, const FindInline& find_inline);
std::string cleanHtml(const HtmlTree& tree, const FindInline& find_inline);

}  // namespace patchbay::mail
