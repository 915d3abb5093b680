/// The one reader of all YAML in Patchbay: configuration files and transcripts.
///
/// It turns a file into a tree of plain values that remember where they stand. Narrower than YAML, on purpose:
/// - plain scalars follow the YAML 1.2 core schema: `no`, `on`, `010` and dates are what they look like;
/// - anchors, aliases, merge keys, tags, keys that are not scalars and a second document are refused;
/// - a key given twice is refused, naming both lines (yaml-cpp would silently keep the first);
/// - files over 1 MiB, text that is not UTF-8 and more than 64 levels are refused;
/// - `${NAME}` and `${NAME:-default}` in values are replaced from the environment, `$${` stands for `${`.
/// Pure functions over their arguments (readFile() also reads its file); thread-safe; nothing of yaml-cpp leaks out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/yaml/diagnostic.hpp"

namespace patchbay::yaml {

inline constexpr std::size_t kMaxBytes = 1U << 20U;
inline constexpr int kMaxDepth = 64;

enum class Kind { kNull, kBool, kInteger, kFloat, kString, kList, kMap };

/// "a number", "a list", ...: for messages.
std::string_view describe(Kind kind);

struct Member;

/// One value. Copyable and independent of everything else.
struct Node {
  Kind kind = Kind::kNull;
  Mark mark;                    ///< where the value starts; for a block map its first key
  std::string text;             ///< scalars: as written, quotes and escapes resolved, variables replaced
  bool substituted = false;     ///< a variable was replaced in it; then it is kString, whatever it looks like
  std::vector<Node> items;      ///< kList
  std::vector<Member> members;  ///< kMap, in the order of the file; keys are unique

  const Member* find(std::string_view key) const;
  bool isMap() const { return kind == Kind::kMap; }
};

struct Member {
  std::string key;
  Mark key_mark;
  Node value;
};

/// What a plain scalar is by the core schema. Never kList or kMap.
Kind resolvePlain(std::string_view text);

/// The value of a scalar that resolvePlain() calls kInteger (0o17 and 0x1F included).
/// @return nothing when it is no integer or does not fit.
std::optional<std::int64_t> integerOf(std::string_view text);

using Environment = std::map<std::string, std::string, std::less<>>;

/// A file that was read. `root` is usable (with what could not be read left out) even when there are errors.
struct Document {
  std::string file;                           ///< as the user named it
  std::shared_ptr<const std::string> source;  ///< never null
  Node root;                                  ///< kNull for an empty file
  std::vector<Diagnostic> errors;             ///< in the order of the file
};

/// @param file         only for messages.
/// @param environment  null: `${...}` is left as it stands (transcripts).
Document parse(std::string file, std::string source, const Environment* environment);

/// The same for a file; one that cannot be read is an error in the document, with the reason.
Document readFile(const std::string& path, const Environment* environment);

/// Where one value of a converted tree stands.
struct Location {
  Mark key;    ///< its key, or where the list item starts
  Mark value;  ///< the value itself
  bool substituted = false;
};

/// From JSON pointers back to the file, for errors found after the conversion (by a JSON Schema, say).
/// Copyable; keeps the file's text alive.
class Origin {
 public:
  Origin() = default;
  Origin(std::string file, std::shared_ptr<const std::string> source);

  /// The place of `pointer` ("/a/0/b"), or of its nearest parent that is in the file (for members that are missing).
  const Location& locate(std::string_view pointer) const;

  /// @param at_key  point to the key (unknown member) instead of the value (wrong value).
  Diagnostic diagnose(std::string_view pointer, std::string message, bool at_key = false) const;

  /// diagnose() as text with the source line and the caret.
  std::string render(std::string_view pointer, std::string message, bool at_key = false) const;

  const std::string& file() const { return file_; }
  const std::string& source() const { return *source_; }

  std::map<std::string, Location, std::less<>> locations;  ///< by JSON pointer; "" is the converted value itself

 private:
  std::string file_;
  std::shared_ptr<const std::string> source_ = std::make_shared<const std::string>();
};

/// Converts to JSON. Integers that do not fit 64 bits, `.inf` and `.nan` have been refused by parse().
/// @param origin  when not null, gets a location per value.
Json toJson(const Node& node, Origin* origin = nullptr);

/// One reference token of a JSON pointer, escaped (RFC 6901).
std::string pointerToken(std::string_view key);

}  // namespace patchbay::yaml
