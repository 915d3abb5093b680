#include <gtest/gtest.h>

#include "app/yaml/yaml_reader.hpp"

namespace patchbay::yaml {
namespace {

struct Parsed {
  Document document;
  Json json;
  Origin origin;
};

Parsed convert(const std::string& source) {
  const Environment environment{{"N", "12"}};
  Parsed parsed{parse("c.yaml", source, &environment), {}, {}};
  parsed.origin = Origin(parsed.document.file, parsed.document.source);
  parsed.json = toJson(parsed.document.root, &parsed.origin);
  return parsed;
}

const std::string kSource =
    "a:\n"
    "  b: [10, x]\n"
    "  'c/d~': ${N}\n"
    "e: 2\n";

TEST(Origin, KnowsKeysAndValuesByJsonPointer) {
  const auto [document, json, origin] = convert(kSource);
  ASSERT_TRUE(document.errors.empty());
  EXPECT_EQ(json.dump(), R"({"a":{"b":[10,"x"],"c/d~":"12"},"e":2})");
  EXPECT_EQ(origin.locate("/a/b/1").value, (Mark{2, 11}));
  EXPECT_EQ(origin.locate("/a/b").key, (Mark{2, 3}));
  EXPECT_EQ(origin.locate("/a/c~1d~0").value, (Mark{3, 11}));
  EXPECT_TRUE(origin.locate("/a/c~1d~0").substituted);
  EXPECT_FALSE(origin.locate("/e").substituted);
}

TEST(Origin, ShowsTheParentOfWhatIsMissing) {
  const auto [document, json, origin] = convert(kSource);
  EXPECT_EQ(origin.render("/a/access_token", "is missing"),
            "c.yaml:1:1: is missing\n"
            "    1 | a:\n"
            "      | ^");
  EXPECT_EQ(origin.render("/a/b/0", "must be text"),
            "c.yaml:2:7: must be text\n"
            "    2 |   b: [10, x]\n"
            "      |       ^");
  EXPECT_EQ(origin.render("/e", "unknown key", true),
            "c.yaml:4:1: unknown key\n"
            "    4 | e: 2\n"
            "      | ^");
}

TEST(Render, ShowsLongLinesAroundTheCaret) {
  const std::string source = "x: " + std::string(300, 'a') + "é!" + std::string(300, 'b');
  const std::string text = render({"f", 1, 305, "here"}, source);
  EXPECT_EQ(text, "f:1:305: here\n    1 | " + std::string(59, 'a') + "é!" + std::string(59, 'b') + "\n      | " +
                      std::string(60, ' ') + "^");
}

TEST(Render, KeepsTabsAndHidesControlCharacters) {
  EXPECT_EQ(render({"f", 1, 3, "m"}, "\t\x1bz"), "f:1:3: m\n    1 | \t z\n      | \t ^");
  EXPECT_EQ(render({"f", 9, 1, "m"}, "one line"), "f:9:1: m");
  EXPECT_EQ(render({"environment", 0, 0, "m"}, "one line"), "environment: m");
}

}  // namespace
}  // namespace patchbay::yaml
