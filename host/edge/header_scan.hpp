/// Finds the end of a request header in raw bytes, and the faults that nobody can see after parsing.
#pragma once

#include <cstddef>
#include <string_view>

namespace patchbay::edge {

/// One scan per request, continued as bytes arrive; every byte is looked at once.
/// Refused here: a line that ends with a bare LF, and a folded line (it starts with a blank; RFC 9112, 5.2), also as
/// the first header line: Beast joins folded lines before anybody can object.
class HeaderScan {
 public:
  enum class State { kMore, kComplete, kBareLf, kFolded };

  /// `bytes`: all of the request so far, from its first byte.
  State scan(std::string_view bytes);

  /// Bytes of the header with its empty line. Meaningful after kComplete.
  std::size_t size() const { return size_; }

 private:
  std::size_t next_ = 0;        // not looked at yet
  std::size_t line_start_ = 0;  // of the line that next_ is in
  std::size_t size_ = 0;
};

}  // namespace patchbay::edge
