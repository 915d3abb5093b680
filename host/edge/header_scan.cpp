#include "edge/header_scan.hpp"

namespace patchbay::edge {

HeaderScan::State HeaderScan::scan(std::string_view bytes) {
  for (;;) {
    const std::size_t lf = bytes.find('\n', next_);
    if (lf == std::string_view::npos) {
      next_ = bytes.size();
      return State::kMore;
    }
    if (lf == line_start_ || bytes[lf - 1] != '\r') return State::kBareLf;
    if (bytes[line_start_] == ' ' || bytes[line_start_] == '\t') return State::kFolded;
    next_ = lf + 1;
    if (lf - 1 == line_start_) {
      size_ = next_;
      return State::kComplete;
    }
    line_start_ = next_;
  }
}

}  // namespace patchbay::edge
