/// What is wrong with a file, said the way compilers do: place, message, the line, a caret.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::yaml {

/// A place in a text. Both count from 1; the column counts characters, not bytes. 0: not in a text at all.
struct Mark {
  int line = 0;
  int column = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

struct Diagnostic {
  std::string file;  ///< as the user named it; for values from elsewhere a word such as "environment"
  int line = 0;      ///< from 1; 0: there is no line to show
  int column = 0;    ///< from 1, in characters
  std::string message;
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// "file:line:column: message", then the source line with its number, then a caret under the column. No newline at the
/// end. Only the first line when the diagnostic has no line or `source` is shorter. Long lines are shown around the
/// column.
std::string render(const Diagnostic& diagnostic, std::string_view source);

}  // namespace patchbay::yaml
