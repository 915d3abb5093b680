#include "mail/flowed.hpp"

#include <algorithm>

namespace patchbay::mail {
namespace {

struct Line {
  std::size_t depth;      // of the quote
  std::string_view text;  // without quote marks and stuffing
};

Line read(std::string_view line) {
  const auto depth = std::min(line.find_first_not_of('>'), line.size());
  line.remove_prefix(depth);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return {depth, line};
}

}  // namespace

std::string unflow(std::string_view text, bool delsp) {
  std::string out;
  bool open = false;  // the paragraph goes on
  std::size_t depth = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = read(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool signature = line.text == "-- ";
    if (open && (line.depth != depth || signature)) {
      out += '\n';
      open = false;
    }
    if (!open && line.depth > 0) out += std::string(line.depth, '>') + ' ';
    depth = line.depth;
    open = line.text.ends_with(' ') && !signature;
    out += open && delsp ? line.text.substr(0, line.text.size() - 1) : line.text;
    if (!open) out += '\n';
  }
  return out;
}

}  // namespace patchbay::mail
