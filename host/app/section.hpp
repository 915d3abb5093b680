/// One map of the configuration file, read key by key. Every read notes the key as known; finish() reports the others.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/key.hpp"
#include "app/yaml/yaml_reader.hpp"

namespace patchbay::app {

/// What all sections of one file share.
struct SectionContext {
  const std::string& file;
  std::vector<yaml::Diagnostic>& errors;
  Keys* keys = nullptr;  ///< when not null, gets every key that is asked for

  void report(yaml::Mark mark, std::string message) {
    errors.push_back({file, mark.line, mark.column, std::move(message)});
  }
};

/// A read leaves `out` alone (its default) when the key is missing or its value is wrong; the latter is reported.
class Section {
 public:
  /// @param node   a map, or null for a section that is not in the file.
  /// @param path   "http.retry", for messages; "" for the file itself.
  /// @param start  where the section's key stands.
  Section(SectionContext& context, const yaml::Node* node, std::string path, yaml::Mark start);

  Section section(std::string_view key);
  void text(std::string_view key, std::string& out);
  void boolean(std::string_view key, bool& out);
  void duration(std::string_view key, std::chrono::milliseconds& out, std::chrono::milliseconds low,
                std::chrono::milliseconds high);
  void size(std::string_view key, std::uint64_t& out, std::uint64_t low, std::uint64_t high);
  void texts(std::string_view key, std::vector<std::string>& out);

  template <class Number>
  void number(std::string_view key, Number& out, std::int64_t low, std::int64_t high) {
    const auto standard = std::to_string(out);
    std::int64_t value = 0;
    if (readNumber(key, value, low, high)) out = static_cast<Number>(value);
    note(key, Key::Kind::kNumber, standard, std::to_string(out), low, high);
  }

  /// One of a few words, each with its value.
  template <class Value>
  void word(std::string_view key, Value& out, std::span<const std::pair<std::string_view, Value>> words) {
    std::vector<std::string> names;
    std::string standard;
    for (const auto& [name, value] : words) {
      names.emplace_back(name);
      if (value == out) standard = name;
    }
    const int index = readWord(key, names);
    if (index >= 0) out = words[static_cast<std::size_t>(index)].second;
    note(key, Key::Kind::kWord, standard, index >= 0 ? names[static_cast<std::size_t>(index)] : standard, 0, 0, names);
  }

  /// A key whose value the caller reads; null when missing or without a value.
  const yaml::Member* member(std::string_view key);

  /// Reports that `key` is missing when it is.
  void require(std::string_view key);

  /// Something else is wrong with the value of `key`.
  void refuse(std::string_view key, std::string message);

  /// Reports keys that nobody asked for, with the nearest known one.
  void finish();

  const yaml::Node* node() const { return node_; }
  const std::string& path() const { return path_; }
  yaml::Mark start() const { return start_; }
  std::string pathOf(std::string_view key) const;

 private:
  const yaml::Member* find(std::string_view key);
  void note(std::string_view key, Key::Kind kind, std::string standard, std::string value, std::int64_t low = 0,
            std::int64_t high = 0, std::vector<std::string> words = {});
  const yaml::Node* scalar(std::string_view key, std::string_view wanted);
  bool readNumber(std::string_view key, std::int64_t& out, std::int64_t low, std::int64_t high);
  int readWord(std::string_view key, const std::vector<std::string>& words);
  void mismatch(const yaml::Node& node, std::string_view key, const std::string& rule);

  SectionContext& context_;
  const yaml::Node* node_;
  std::string path_;
  yaml::Mark start_;
  std::vector<std::string> known_;
};

}  // namespace patchbay::app
