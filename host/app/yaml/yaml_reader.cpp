#include "app/yaml/yaml_reader.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cerrno>
#include <charconv>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "app/yaml/substitution.hpp"
#include "base/text.hpp"

namespace patchbay::yaml {
namespace {

/// Thrown by the handler to stop yaml-cpp; the diagnostic is already recorded.
struct Stop {};

std::size_t digitsAt(std::string_view text, std::size_t at) {
  const auto end = text.find_first_not_of("0123456789", at);
  return (end == std::string_view::npos ? text.size() : end) - at;
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?   (YAML 1.2.2, section 10.3.2)
bool isFloat(std::string_view text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::size_t whole = digitsAt(text, at);
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digitsAt(text, ++at);
    if (whole + fraction == 0) return false;
    at += fraction;
  } else if (whole == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    if (++at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t exponent = digitsAt(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

/// JSON has no place for it.
bool isInfinityOrNan(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" || text == ".NAN";
}

bool fitsUnsigned(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Builds the tree from yaml-cpp's events. One object per document.
class Builder final : public YAML::EventHandler {
 public:
  Builder(Document& document, const Environment* environment) : document_(document), environment_(environment) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) stop(mark, "a second document: only one per file is read");
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { scalar(mark, Kind::kNull, ""); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    report(mark, "aliases ('*name') are not supported: write the value out");
    scalar(mark, Kind::kNull, "");
  }

  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    report(mark, "anchors ('&" + name + "') are not supported: write the value out where it is needed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    refuseTag(mark, tag);
    scalar(mark, tag == "?" ? resolvePlain(value) : Kind::kString, value);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    refuseTag(mark, tag);
    open(mark, Kind::kList);
  }
  void OnSequenceEnd() override { frames_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    refuseTag(mark, tag);
    open(mark, Kind::kMap);
  }
  void OnMapEnd() override { frames_.pop_back(); }

  void report(const YAML::Mark& mark, std::string message) {
    const Mark at = place(mark);
    document_.errors.push_back({document_.file, at.line, at.column, std::move(message)});
  }

  [[noreturn]] void stop(const YAML::Mark& mark, std::string message) {
    report(mark, std::move(message));
    throw Stop{};
  }

 private:
  struct Frame {
    Node* node;
    bool has_key = false;  // of a map: the next value belongs to `slot`
    Node* slot = nullptr;
    std::map<std::string, int, std::less<>> lines;  // of the keys so far
  };

  /// yaml-cpp counts bytes from 0.
  Mark place(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    const std::string_view source = *document_.source;
    const auto position = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), source.size());
    const auto column = std::min(static_cast<std::size_t>(std::max(mark.column, 0)), position);
    return {mark.line + 1, static_cast<int>(countCodePoints(source.substr(position - column, column))) + 1};
  }

  void refuseTag(const YAML::Mark& mark, const std::string& tag) {
    // yaml-cpp reports "?" for plain and "!" for quoted scalars; anything else was written by hand.
    if (!tag.empty() && tag != "?" && tag != "!") report(mark, "tags ('" + tag + "') are not supported");
  }

  /// Where the next value goes. A key that is not a scalar goes nowhere, with its value.
  Node& next(const YAML::Mark& mark) {
    if (frames_.empty()) return document_.root;
    Frame& frame = frames_.back();
    if (frame.node->kind == Kind::kList) return frame.node->items.emplace_back();
    if (frame.has_key) {
      frame.has_key = false;
      return *frame.slot;
    }
    report(mark, "a key must be a plain word or a string");
    frame.has_key = true;
    frame.slot = &discarded_.emplace_back();
    return discarded_.emplace_back();
  }

  void open(const YAML::Mark& mark, Kind kind) {
    if (frames_.size() >= static_cast<std::size_t>(kMaxDepth)) {
      stop(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    Node& node = next(mark);
    node.kind = kind;
    node.mark = place(mark);
    frames_.push_back({&node, false, nullptr, {}});
  }

  void key(const YAML::Mark& mark, Kind kind, const std::string& text) {
    Frame& frame = frames_.back();
    frame.has_key = true;
    const Mark at = place(mark);
    const auto [first, fresh] = frame.lines.try_emplace(text, at.line);
    if (kind == Kind::kNull) {
      report(mark, "a key is missing here");
    } else if (text == "<<") {
      report(mark, "merge keys ('<<') are not supported: write the values out");
    } else if (!fresh) {
      report(mark, "the key '" + text + "' is given twice: first in line " + std::to_string(first->second));
    } else {
      Member& member = frame.node->members.emplace_back();
      member.key = text;
      member.key_mark = at;
      frame.slot = &member.value;
      return;
    }
    frame.slot = &discarded_.emplace_back();
  }

  void scalar(const YAML::Mark& mark, Kind kind, const std::string& text) {
    if (!frames_.empty() && frames_.back().node->kind == Kind::kMap && !frames_.back().has_key) {
      return key(mark, kind, text);
    }
    Node& node = next(mark);
    node.kind = kind;
    node.mark = place(mark);
    node.text = text;
    if (environment_ != nullptr && text.find("${") != std::string::npos) {
      auto result = substitute(text, *environment_);
      if (!result.error.empty()) report(mark, std::move(result.error));
      node.text = std::move(result.text);
      node.substituted = result.replaced;
      node.kind = Kind::kString;
    }
    if (kind == Kind::kFloat && isInfinityOrNan(text))
      report(mark, "'" + text + "' is not a number that can be used here");
    if (kind == Kind::kInteger && !integerOf(text) && !fitsUnsigned(text)) {
      report(mark, "the number does not fit 64 bits; put it in quotes if it is text");
    }
  }

  Document& document_;
  const Environment* environment_;
  bool started_ = false;
  std::deque<Frame> frames_;
  std::deque<Node> discarded_;  // values that were refused still have to go somewhere
};

/// yaml-cpp's words, made more useful where people trip most.
std::string explain(const YAML::Exception& error, std::string_view source) {
  const std::string& message = error.msg;
  std::string_view line = source.substr(std::min(source.size(), static_cast<std::size_t>(std::max(error.mark.pos, 0))));
  const auto start = source.rfind('\n', source.size() - line.size());
  line = source.substr(start == std::string_view::npos || line.size() == source.size() ? 0 : start + 1);
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return "not YAML: a tab is used for indentation; use spaces";
  }
  if (message == "illegal map value") {
    return "not YAML: a ':' is not expected here (put text with ': ' in quotes)";
  }
  if (message == "end of map not found") {
    return "not YAML: expected 'key: value' at the indentation of the keys above";
  }
  if (message == "end of sequence not found")
    return "not YAML: expected '- item' at the indentation of the items above";
  return "not YAML: " + message;
}

void checkText(Document& document) {
  const std::string_view source = *document.source;
  const auto refuse = [&document](int line, std::string message) {
    document.errors.push_back({document.file, line, line == 0 ? 0 : 1, std::move(message)});
  };
  if (source.size() > kMaxBytes) {
    return refuse(0, "larger than 1 MiB (" + std::to_string(source.size()) + " bytes); that is not a file of ours");
  }
  if (source.find('\0') == std::string_view::npos && isValidUtf8(source)) return;
  int number = 1;
  for (const auto line : split(source, '\n')) {
    if (line.find('\0') != std::string_view::npos) return refuse(number, "a NUL byte: this is not a text file");
    if (!isValidUtf8(line)) return refuse(number, "not valid UTF-8");
    ++number;
  }
}

}  // namespace

std::string_view describe(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kBool:
      return "true or false";
    case Kind::kInteger:
      return "a whole number";
    case Kind::kFloat:
      return "a number";
    case Kind::kString:
      return "text";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      break;
  }
  return "a map";
}

const Member* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

Kind resolvePlain(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Kind::kNull;
  for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
    if (text == word) return Kind::kBool;
  }
  const std::size_t sign = text[0] == '-' || text[0] == '+' ? 1 : 0;
  if (text.size() > sign && digitsAt(text, sign) == text.size() - sign) return Kind::kInteger;
  if (text.size() > 2 && text.starts_with("0o") && text.find_first_not_of("01234567", 2) == std::string_view::npos) {
    return Kind::kInteger;
  }
  if (text.size() > 2 && text.starts_with("0x") &&
      text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos) {
    return Kind::kInteger;
  }
  return isFloat(text) || isInfinityOrNan(text) ? Kind::kFloat : Kind::kString;
}

std::optional<std::int64_t> integerOf(std::string_view text) {
  if (resolvePlain(text) != Kind::kInteger) return std::nullopt;
  int base = 10;
  if (text.starts_with("0o") || text.starts_with("0x")) {
    base = text[1] == 'o' ? 8 : 16;
    text.remove_prefix(2);
  } else if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Document parse(std::string file, std::string source, const Environment* environment) {
  if (source.starts_with("\xEF\xBB\xBF")) source.erase(0, 3);  // so that columns and carets agree
  Document document;
  document.file = std::move(file);
  document.source = std::make_shared<const std::string>(std::move(source));
  checkText(document);
  if (!document.errors.empty()) return document;
  Builder builder(document, environment);
  try {
    std::istringstream stream(*document.source);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
  } catch (const YAML::Exception& error) {
    builder.report(error.mark, explain(error, *document.source));
  }
  return document;
}

Document readFile(const std::string& path, const Environment* environment) {
  std::error_code code;
  std::string reason;
  std::string source;
  if (std::filesystem::is_directory(path, code)) {
    reason = "cannot be read: it is a directory";
  } else {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    source.resize(kMaxBytes + 1);
    if (in) in.read(source.data(), static_cast<std::streamsize>(source.size()));
    if (!in && !in.eof()) reason = "cannot be read: " + std::generic_category().message(errno);
    source.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  }
  if (reason.empty()) return parse(path, std::move(source), environment);
  Document document;
  document.file = path;
  document.source = std::make_shared<const std::string>();
  document.errors.push_back({path, 0, 0, std::move(reason)});
  return document;
}

}  // namespace patchbay::yaml
