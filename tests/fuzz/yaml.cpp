// The one reader of all YAML. What it accepts is a tree of plain values, and every value and every error has its place.
#include "app/yaml/yaml_reader.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

namespace {

int depth(const yaml::Node& node) {
  int deepest = 0;
  for (const auto& item : node.items) deepest = std::max(deepest, depth(item));
  for (const auto& member : node.members) deepest = std::max(deepest, depth(member.value));
  return deepest + 1;
}

void checkMarks(const yaml::Node& node, int lines) {
  check(node.mark.line >= 0 && node.mark.line <= lines + 1, "a value is on a line of the file");
  for (const auto& item : node.items) checkMarks(item, lines);
  for (std::size_t i = 0; i < node.members.size(); ++i) {
    checkMarks(node.members[i].value, lines);
    check(node.find(node.members[i].key) == &node.members[i], "a key is there once", node.members[i].key);
  }
}

}  // namespace

FUZZ(std::string_view bytes) {
  if (bytes.size() > 65536) return;
  static const yaml::Environment environment{{"HOME", "/home/x"}, {"EMPTY", ""}, {"ODD", "a: [b"}};
  const std::string source(bytes);
  const auto document = yaml::parse("fuzz.yaml", source, &environment);
  const auto lines = static_cast<int>(std::count(source.begin(), source.end(), '\n')) + 1;
  for (const auto& error : document.errors) {
    check(!error.message.empty() && error.line >= 0 && error.line <= lines + 1, "an error has its place",
          error.message);
    check(!yaml::render(error, source).empty(), "an error can be shown");
  }
  check(depth(document.root) <= yaml::kMaxDepth + 1, "the tree is no deeper than it may be");
  checkMarks(document.root, lines);
  if (!document.errors.empty()) return;
  check(isValidUtf8(source), "what is accepted is UTF-8");
  yaml::Origin origin("fuzz.yaml", document.source);
  const Json json = yaml::toJson(document.root, &origin);
  const std::string text = dumpJson(json);
  check(isValidUtf8(text), "the values are UTF-8");
  (void)origin.render("/a/b", "here");
  check(dumpJson(yaml::toJson(yaml::parse("fuzz.yaml", source, &environment).root)) == text,
        "the same file is the same tree");
}
