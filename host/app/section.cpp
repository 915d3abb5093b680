#include "app/section.hpp"

#include <algorithm>

#include "app/values.hpp"
#include "base/text.hpp"

namespace patchbay::app {
namespace {

using std::chrono::milliseconds;
using yaml::Kind;
using yaml::Node;

constexpr std::size_t kShown = 40;  // characters of a wrong value

bool isScalar(const Node& node) {
  return node.kind != Kind::kList && node.kind != Kind::kMap;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
  return "[" + out + "]";
}

/// The value as it stands, but never what a variable held: it may be a secret.
std::string got(const Node& node) {
  if (!isScalar(node)) return "got " + std::string(yaml::describe(node.kind));
  if (node.substituted) return "got something else from its variable";
  const auto shown = firstCodePoints(node.text, kShown);
  return "got '" + std::string(shown) + (shown.size() < node.text.size() ? "...'" : "'");
}

}  // namespace

Section::Section(SectionContext& context, const Node* node, std::string path, yaml::Mark start)
    : context_(context), node_(node), path_(std::move(path)), start_(start) {}

std::string Section::pathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const yaml::Member* Section::member(std::string_view key) {
  note(key, Key::Kind::kOther, "", "");
  return find(key);
}

void Section::note(std::string_view key, Key::Kind kind, std::string standard, std::string value, std::int64_t low,
                   std::int64_t high, std::vector<std::string> words) {
  if (context_.keys == nullptr) return;
  const yaml::Member* found = node_ != nullptr ? node_->find(key) : nullptr;
  Key noted{kind, std::move(standard), std::move(value), "", {}, low, high, std::move(words)};
  if (found != nullptr && found->value.kind != Kind::kNull) {
    noted.source = "file";
    noted.mark = found->value.mark;
  }
  const auto [at, fresh] = context_.keys->try_emplace(pathOf(key), noted);
  if (!fresh && kind != Key::Kind::kOther) at->second = std::move(noted);  // a second look may say less
}

const yaml::Member* Section::find(std::string_view key) {
  known_.emplace_back(key);
  const yaml::Member* found = node_ != nullptr ? node_->find(key) : nullptr;
  return found != nullptr && found->value.kind != Kind::kNull ? found : nullptr;
}

Section Section::section(std::string_view key) {
  note(key, Key::Kind::kSection, "", "");
  const yaml::Member* found = find(key);
  if (found == nullptr) return {context_, nullptr, pathOf(key), start_};
  if (!found->value.isMap()) {
    mismatch(found->value, key, "must be a map of keys and values");
    return {context_, nullptr, pathOf(key), found->key_mark};
  }
  return {context_, &found->value, pathOf(key), found->key_mark};
}

const Node* Section::scalar(std::string_view key, std::string_view wanted) {
  known_.emplace_back(key);
  const yaml::Member* found = node_ != nullptr ? node_->find(key) : nullptr;
  if (found == nullptr) return nullptr;
  if (found->value.kind == Kind::kNull) {
    context_.report(found->key_mark, pathOf(key) + ": has no value; give one or remove the key");
    return nullptr;
  }
  if (isScalar(found->value)) return &found->value;
  mismatch(found->value, key, "must be " + std::string(wanted));
  return nullptr;
}

void Section::mismatch(const Node& node, std::string_view key, const std::string& rule) {
  context_.report(node.mark, pathOf(key) + ": " + rule + ", " + got(node));
}

void Section::text(std::string_view key, std::string& out) {
  const std::string standard = out;
  const Node* node = scalar(key, "text");
  if (node != nullptr && node->kind == Kind::kString) out = node->text;
  note(key, Key::Kind::kText, standard, out);
  if (node != nullptr && node->kind != Kind::kString) {
    context_.report(node->mark, pathOf(key) + ": must be text, got " + std::string(yaml::describe(node->kind)) +
                                    "; put it in quotes: '" + node->text + "'");
  }
}

void Section::boolean(std::string_view key, bool& out) {
  const std::string standard = out ? "true" : "false";
  const Node* node = scalar(key, "true or false");
  if (node == nullptr) return note(key, Key::Kind::kSwitch, standard, standard);
  const bool plain = node->kind == Kind::kBool || (node->substituted && yaml::resolvePlain(node->text) == Kind::kBool);
  if (plain) {
    out = node->text[0] == 't' || node->text[0] == 'T';
  } else {
    mismatch(*node, key, "must be true or false");
  }
  note(key, Key::Kind::kSwitch, standard, out ? "true" : "false");
}

bool Section::readNumber(std::string_view key, std::int64_t& out, std::int64_t low, std::int64_t high) {
  const std::string rule = "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  const Node* node = scalar(key, rule.substr(8));
  if (node == nullptr) return false;
  const bool plain = node->kind == Kind::kInteger || node->substituted;
  const auto value = plain ? yaml::integerOf(node->text) : std::nullopt;
  if (value && *value >= low && *value <= high) {
    out = *value;
    return true;
  }
  mismatch(*node, key, rule);
  return false;
}

void Section::duration(std::string_view key, milliseconds& out, milliseconds low, milliseconds high) {
  const std::string rule = "a duration from " + formatDuration(low) + " to " + formatDuration(high) +
                           " (a number with ms, s, m, h or d, as in 30s)";
  const std::string standard = formatDuration(out);
  const Node* node = scalar(key, rule);
  const auto value = node != nullptr ? parseDuration(node->text) : std::nullopt;
  if (value && *value >= low && *value <= high) {
    out = *value;
  } else if (node != nullptr) {
    mismatch(*node, key, "must be " + rule);
  }
  note(key, Key::Kind::kDuration, standard, formatDuration(out), low.count(), high.count());
}

void Section::size(std::string_view key, std::uint64_t& out, std::uint64_t low, std::uint64_t high) {
  const std::string rule = "a size from " + formatSize(low) + " to " + formatSize(high) +
                           " (bytes, or a number with KiB, MiB or GiB, as in 4MiB)";
  const std::string standard = formatSize(out);
  const Node* node = scalar(key, rule);
  const auto value = node != nullptr ? parseSize(node->text) : std::nullopt;
  if (value && *value >= low && *value <= high) {
    out = *value;
  } else if (node != nullptr) {
    mismatch(*node, key, "must be " + rule);
  }
  note(key, Key::Kind::kSize, standard, formatSize(out), static_cast<std::int64_t>(low),
       static_cast<std::int64_t>(high));
}

void Section::texts(std::string_view key, std::vector<std::string>& out) {
  const std::string standard = joined(out);
  note(key, Key::Kind::kTexts, standard, standard);
  const yaml::Member* found = find(key);
  if (found == nullptr || found->value.kind == Kind::kNull) return;
  if (found->value.kind != Kind::kList) return mismatch(found->value, key, "must be a list of texts");
  std::vector<std::string> list;
  for (const Node& item : found->value.items) {
    if (item.kind != Kind::kString) return mismatch(item, key, "must be a list of texts");
    list.push_back(item.text);
  }
  out = std::move(list);
  note(key, Key::Kind::kTexts, standard, joined(out));
}

int Section::readWord(std::string_view key, const std::vector<std::string>& words) {
  std::string rule = "must be ";
  for (std::size_t i = 0; i < words.size(); ++i) {
    rule += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  const Node* node = scalar(key, rule.substr(8));
  if (node == nullptr) return -1;
  const auto found = std::find(words.begin(), words.end(), node->text);
  if (found != words.end()) return static_cast<int>(found - words.begin());
  const auto guess = nearest(node->text, words);
  mismatch(*node, key, rule);
  if (!guess.empty()) context_.errors.back().message += "; did you mean '" + std::string(guess) + "'?";
  return -1;
}

void Section::require(std::string_view key) {
  const yaml::Member* found = node_ != nullptr ? node_->find(key) : nullptr;
  if (found != nullptr) return;  // without a value it is reported where it is read
  context_.report(start_,
                  pathOf(key) + ": is missing (the section starts at line " + std::to_string(start_.line) + ")");
}

void Section::refuse(std::string_view key, std::string message) {
  const yaml::Member* found = node_ != nullptr ? node_->find(key) : nullptr;
  context_.report(found != nullptr ? found->value.mark : start_, pathOf(key) + ": " + std::move(message));
}

void Section::finish() {
  if (node_ == nullptr) return;
  for (const yaml::Member& member : node_->members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    const std::string_view guess = nearest(member.key, known_);
    context_.report(member.key_mark,
                    "unknown key '" + member.key + "'" + (path_.empty() ? std::string() : " in " + path_) +
                        (guess.empty() ? std::string() : "; did you mean '" + std::string(guess) + "'?"));
  }
}

}  // namespace patchbay::app
