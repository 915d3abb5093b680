#include "mail/survey.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "mail/message.hpp"

namespace patchbay::mail {
namespace {

/// Declared boundaries that are looked for one by one. With more of them every line with two dashes counts.
constexpr std::size_t kMaxBoundaries = 20;
/// The same for declarations that repeat a boundary: the parser asks all that are open at each such line.
constexpr std::size_t kMaxDeclarations = 50;

std::size_t findWord(std::string_view text, std::string_view lower) {
  const auto at = std::search(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
  return at == text.end() ? std::string_view::npos : static_cast<std::size_t>(at - text.begin());
}

std::string_view nextLine(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

class Survey {
 public:
  explicit Survey(std::string_view raw) : rest_(raw) {}

  bool run() {
    while (!rest_.empty()) {
      const auto line = nextLine(rest_);
      if (line.starts_with("--") && isBoundary(line.substr(2))) {
        if (++parts_ > kMaxParts) return false;
        begin(true);
      } else if (in_header_ && !headerLine(line)) {
        return false;
      }
    }
    return true;
  }

 private:
  void begin(bool of_part) {
    in_header_ = true;
    of_part_ = of_part;
    lines_ = bytes_ = 0;
    type_line_ = has_type_ = encloses_ = false;
  }

  /// @return false when there are too many
  bool headerLine(std::string_view line) {
    if (line.empty() && (lines_ > 0 || parts_ > 0)) {
      // A mail inside begins with a header too; in a digest also without being announced.
      in_header_ = false;
      if (encloses_ || (digest_ && of_part_ && !has_type_)) begin(false);
      return true;
    }
    ++lines_;
    bytes_ += line.size();
    if (!line.starts_with(' ') && !line.starts_with('\t'))
      type_line_ = findWord(line.substr(0, 12), "content-type") == 0;
    if (type_line_) {
      has_type_ = true;
      encloses_ |= findWord(line, "message") != std::string_view::npos;
      digest_ |= findWord(line, "digest") != std::string_view::npos;
    }
    for (auto from = line; !from.empty();) {
      const auto at = findWord(from, "boundary");
      if (at == std::string_view::npos) break;
      from.remove_prefix(at + 8);
      // The value may be on the next line.
      declare({from.data(), static_cast<std::size_t>(rest_.data() + rest_.size() - from.data())});
    }
    return lines_ <= kMaxHeaderLines && ++all_lines_ <= kMaxAllHeaderLines && bytes_ <= kMaxHeaderBlock;
  }

  /// @param text  what follows the word "boundary"
  void declare(std::string_view text) {
    const auto blanks = [&text] { text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size())); };
    blanks();
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      blanks();
    } else if (!text.starts_with('*') && !text.starts_with('(')) {
      return;  // only a word
    }
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    auto value = text.substr(0, 70);
    value = value.substr(0, value.find_first_of(quoted ? "\"\r\n" : "; \t\r\n(\""));
    // One that is written in pieces or in code may be anything.
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' - 1 && c != '\\'; }) &&
                       !value.starts_with('*') && value.find("=?") == std::string_view::npos;
    if (!plain) value = {};
    if (std::find(boundaries_.begin(), boundaries_.end(), value) == boundaries_.end()) boundaries_.push_back(value);
    if (++declarations_ > kMaxDeclarations || boundaries_.size() > kMaxBoundaries) boundaries_ = {std::string_view()};
  }

  /// Any that was declared before, open or not, and whatever follows it on the line.
  bool isBoundary(std::string_view line) const {
    return std::any_of(boundaries_.begin(), boundaries_.end(), [line](auto one) { return line.starts_with(one); });
  }

  std::string_view rest_;
  std::vector<std::string_view> boundaries_;  // an empty one is the beginning of each
  std::size_t declarations_ = 0, parts_ = 0, all_lines_ = 0;
  bool digest_ = false;
  // of the header at hand
  bool in_header_ = true, of_part_ = false, type_line_ = false, has_type_ = false, encloses_ = false;
  std::size_t lines_ = 0, bytes_ = 0;
};

}  // namespace

bool fitsParser(std::string_view raw) {
  return Survey(raw).run();
}

std::string_view topHeader(std::string_view raw) {
  auto rest = raw.substr(0, kMaxHeaderBlock);
  const auto begin = rest.data();
  std::size_t end = 0;
  for (std::size_t lines = 0; !rest.empty() && lines < kMaxHeaderLines; ++lines) {
    if (nextLine(rest).empty() && lines > 0) break;
    end = static_cast<std::size_t>(rest.data() - begin);
  }
  return raw.substr(0, end);
}

}  // namespace patchbay::mail
