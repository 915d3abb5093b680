#include "app/yaml/diagnostic.hpp"

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::yaml {
namespace {

constexpr std::size_t kWindow = 120;  // characters of a long line that are shown

std::string_view lineOf(std::string_view source, int line) {
  for (int i = 1; i < line; ++i) {
    const auto end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view source) {
  std::string out = diagnostic.file;
  if (diagnostic.line <= 0) return out.append(": ").append(diagnostic.message);
  const std::string number = std::to_string(diagnostic.line);
  out.append(":").append(number).append(":").append(std::to_string(diagnostic.column));
  out.append(": ").append(diagnostic.message);
  if (source.starts_with("\xEF\xBB\xBF")) source.remove_prefix(3);
  std::string_view line = lineOf(source, diagnostic.line);
  if (line.empty()) return out;

  auto before = static_cast<std::size_t>(std::max(diagnostic.column - 1, 0));  // characters left of the caret
  before = std::min(before, countCodePoints(line));
  if (before > kWindow / 2 && countCodePoints(line) > kWindow) {
    const std::size_t hidden = before - kWindow / 2;
    line.remove_prefix(firstCodePoints(line, hidden).size());
    before -= hidden;
  }
  line = firstCodePoints(line, kWindow);
  std::string caret;  // tabs stay tabs, so that the caret lands under its character however wide they are
  for (const char c : firstCodePoints(line, before)) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) caret.push_back(c == '\t' ? '\t' : ' ');
  }
  std::string shown(line);
  for (char& c : shown) {
    if (isControl(c) && c != '\t') c = ' ';  // nothing in the file may drive the terminal
  }
  const std::string gutter(std::max<std::size_t>(number.size(), 5) - number.size(), ' ');
  out.append("\n").append(gutter).append(number).append(" | ").append(shown);
  out.append("\n").append(std::string(gutter.size() + number.size(), ' ')).append(" | ").append(caret).append("^");
  return out;
}

}  // namespace patchbay::yaml
