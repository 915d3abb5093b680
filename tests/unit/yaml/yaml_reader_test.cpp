#include "app/yaml/yaml_reader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace patchbay::yaml {
namespace {

using std::string_literals::operator""s;

const Environment kEnvironment = {{"NAME", "Ada"}, {"EMPTY", ""}, {"DIGITS", "0123"}, {"ODD", "a: [b\n#c"}};

std::string json(const std::string& source) {
  const Document document = parse("f.yaml", source, &kEnvironment);
  std::string out;
  for (const auto& error : document.errors) out += render(error, *document.source) + "\n";
  return out.empty() ? toJson(document.root).dump() : out;
}

struct ValueCase {
  const char* yaml;
  const char* json;
};

class Scalars : public testing::TestWithParam<ValueCase> {};

TEST_P(Scalars, FollowTheCoreSchema) {
  EXPECT_EQ(json(GetParam().yaml), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Scalars,
    testing::Values(
        ValueCase{"no", R"("no")"}, ValueCase{"off", R"("off")"}, ValueCase{"y", R"("y")"}, ValueCase{"true", "true"},
        ValueCase{"False", "false"}, ValueCase{"tRUE", R"("tRUE")"}, ValueCase{"'true'", R"("true")"},
        ValueCase{"\"1\"", R"("1")"}, ValueCase{"1", "1"}, ValueCase{"-12", "-12"}, ValueCase{"+7", "7"},
        ValueCase{"010", "10"}, ValueCase{"0o17", "15"}, ValueCase{"0x1F", "31"}, ValueCase{"0xg", R"("0xg")"},
        ValueCase{"9223372036854775807", "9223372036854775807"},
        ValueCase{"18446744073709551615", "18446744073709551615"}, ValueCase{"1.5", "1.5"}, ValueCase{".5", "0.5"},
        ValueCase{"1e3", "1000.0"}, ValueCase{"1.", "1.0"}, ValueCase{".", R"(".")"}, ValueCase{"1e", R"("1e")"},
        ValueCase{"1.2.3", R"("1.2.3")"}, ValueCase{"-", R"([null])"}, ValueCase{"~", "null"},
        ValueCase{"null", "null"}, ValueCase{"''", R"("")"}, ValueCase{"", "null"}, ValueCase{"# nothing\n", "null"},
        ValueCase{"2026-01-05T10:00:00Z", R"("2026-01-05T10:00:00Z")"}, ValueCase{"12:30", R"("12:30")"},
        ValueCase{"'it''s'", R"("it's")"}, ValueCase{R"("a\u00e9\n")", R"("aé\n")"},
        ValueCase{"|\n  two\n  lines\n", R"("two\nlines\n")"}, ValueCase{">-\n  one\n  line\n", R"("one line")"}));

INSTANTIATE_TEST_SUITE_P(Containers, Scalars,
                         testing::Values(ValueCase{"a: 1\nb: [x, {c: d}]\n", R"({"a":1,"b":["x",{"c":"d"}]})"},
                                         ValueCase{"7: x\n", R"({"7":"x"})"},
                                         ValueCase{"a:\nb: 1\n", R"({"a":null,"b":1})"},
                                         ValueCase{"---\na: 1\n...\n", R"({"a":1})"},
                                         ValueCase{"\xEF\xBB\xBF"
                                                   "a: 1\n",
                                                   R"({"a":1})"},
                                         ValueCase{"a: 1\r\nb: 2\r\n", R"({"a":1,"b":2})"},
                                         ValueCase{R"({"a": [1, "x"]})", R"({"a":[1,"x"]})"}));

INSTANTIATE_TEST_SUITE_P(Variables, Scalars,
                         testing::Values(ValueCase{"${NAME}", R"("Ada")"},
                                         ValueCase{"'x ${NAME} ${NAME}'", R"("x Ada Ada")"},
                                         ValueCase{"${DIGITS}", R"("0123")"}, ValueCase{"${EMPTY}", R"("")"},
                                         ValueCase{"${EMPTY:-d}", R"("d")"}, ValueCase{"${GONE:-a b}", R"("a b")"},
                                         ValueCase{"${GONE:-}", R"("")"}, ValueCase{"$${NAME}", R"("${NAME}")"},
                                         ValueCase{"$NAME", R"("$NAME")"}, ValueCase{"${ODD}", R"("a: [b\n#c")"},
                                         ValueCase{"${NAME}: ${NAME}", R"({"${NAME}":"Ada"})"}));

struct ErrorCase {
  const char* what;
  std::string yaml;
  const char* printed;
};

class Refusals : public testing::TestWithParam<ErrorCase> {};

TEST_P(Refusals, NameThePlace) {
  EXPECT_EQ(json(GetParam().yaml), GetParam().printed) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refusals,
    testing::Values(
        ErrorCase{"duplicate key", "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n",
                  "f.yaml:5:3: the key 'c' is given twice: first in line 3\n"
                  "    5 |   c: 3\n"
                  "      |   ^\n"},
        ErrorCase{"anchor and alias, both at once", "a: &x 1\nb: *x\n",
                  "f.yaml:1:4: anchors ('&x') are not supported: write the value out where it is needed\n"
                  "    1 | a: &x 1\n"
                  "      |    ^\n"
                  "f.yaml:2:4: aliases ('*name') are not supported: write the value out\n"
                  "    2 | b: *x\n"
                  "      |    ^\n"},
        ErrorCase{"merge key", "<<: {a: 1}\n",
                  "f.yaml:1:1: merge keys ('<<') are not supported: write the values out\n"
                  "    1 | <<: {a: 1}\n"
                  "      | ^\n"},
        ErrorCase{"tag", "a: !!binary aGk=\n",
                  "f.yaml:1:4: tags ('tag:yaml.org,2002:binary') are not supported\n"
                  "    1 | a: !!binary aGk=\n"
                  "      |    ^\n"},
        ErrorCase{"second document", "a: 1\n---\nb: 2\n",
                  "f.yaml:2:1: a second document: only one per file is read\n"
                  "    2 | ---\n"
                  "      | ^\n"},
        ErrorCase{"map as a key", "? {a: 1}\n: 2\n",
                  "f.yaml:1:3: a key must be a plain word or a string\n"
                  "    1 | ? {a: 1}\n"
                  "      |   ^\n"},
        ErrorCase{"tab", "a:\n\tb: 1\n",
                  "f.yaml:2:3: not YAML: a tab is used for indentation; use spaces\n"
                  "    2 | \tb: 1\n"
                  "      | \t ^\n"},
        ErrorCase{"colon in text", "é: b: c\n",
                  "f.yaml:1:5: not YAML: a ':' is not expected here (put text with ': ' in quotes)\n"
                  "    1 | é: b: c\n"
                  "      |     ^\n"},
        ErrorCase{"missing colon", "a: 1\nb\nc: 2\n",
                  "f.yaml:3:2: not YAML: a ':' is not expected here (put text with ': ' in quotes)\n"
                  "    3 | c: 2\n"
                  "      |  ^\n"},
        ErrorCase{"open bracket", "a: [1, 2\n", "f.yaml:2:1: not YAML: end of sequence flow not found\n"},
        ErrorCase{"number too large", "a: 99999999999999999999\n",
                  "f.yaml:1:4: the number does not fit 64 bits; put it in quotes if it is text\n"
                  "    1 | a: 99999999999999999999\n"
                  "      |    ^\n"},
        ErrorCase{"infinity", "a: .inf\n",
                  "f.yaml:1:4: '.inf' is not a number that can be used here\n"
                  "    1 | a: .inf\n"
                  "      |    ^\n"},
        ErrorCase{"unset variables, both at once", "a: ${GONE}\nb: 'x ${ALSO_GONE}'\n",
                  "f.yaml:1:4: the environment variable GONE is not set (or give a default: ${GONE:-...})\n"
                  "    1 | a: ${GONE}\n"
                  "      |    ^\n"
                  "f.yaml:2:4: the environment variable ALSO_GONE is not set (or give a default: ${ALSO_GONE:-...})\n"
                  "    2 | b: 'x ${ALSO_GONE}'\n"
                  "      |    ^\n"},
        ErrorCase{"open variable", "a: ${NAME\n",
                  "f.yaml:1:4: '${' without '}' (write '$${' for a literal '${')\n"
                  "    1 | a: ${NAME\n"
                  "      |    ^\n"},
        ErrorCase{
            "odd variable", "a: ${a b}\n",
            "f.yaml:1:4: '${a b}' does not name a variable: letters, digits and '_' (write '$${' for a literal '${')\n"
            "    1 | a: ${a b}\n"
            "      |    ^\n"},
        ErrorCase{"not UTF-8", "a: 1\nb: \xff\n",
                  "f.yaml:2:1: not valid UTF-8\n"
                  "    2 | b: \xff\n"
                  "      | ^\n"},
        ErrorCase{"NUL", "a: \0\n"s,
                  "f.yaml:1:1: a NUL byte: this is not a text file\n"
                  "    1 | a:  \n"
                  "      | ^\n"}));

TEST(Parse, RefusesDeepAndLargeFiles) {
  const std::string brackets = std::string(1000, '[') + std::string(1000, ']');
  EXPECT_EQ(json(brackets).substr(0, 50), "f.yaml:1:65: nested deeper than 64 levels\n    1 | ");
  EXPECT_EQ(json(std::string(64, '[') + std::string(64, ']')), std::string(64, '[') + std::string(64, ']'));
  EXPECT_NE(json(std::string(200'000, '[')).find("f.yaml:1:"), std::string::npos);
  EXPECT_EQ(json("a: " + std::string(1 << 20, 'x')),
            "f.yaml: larger than 1 MiB (1048579 bytes); that is not a file of ours\n");
}

TEST(Parse, SurvivesGarbage) {
  std::string text = "a: {b: [1, 'x', \"y\"], c: |\n  text\n, &d *e !f ? - : # ${G}\n\t%\r\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'{', '\'', '\n', ':', '&', '\x7f', '-'}) {
      std::string broken = text;
      broken[i] = c;
      parse("f", broken, &kEnvironment);
      parse("f", broken.substr(0, i), nullptr);
    }
  }
}

TEST(Parse, LeavesVariablesAloneWithoutAnEnvironment) {
  EXPECT_EQ(toJson(parse("f", "a: ${X}", nullptr).root).dump(), R"({"a":"${X}"})");
}

TEST(ReadFile, SaysWhyAFileCannotBeRead) {
  const auto errors = [](const std::string& path) { return readFile(path, nullptr).errors; };
  EXPECT_EQ(errors("/nonexistent/x.yaml")[0].message, "cannot be read: No such file or directory");
  EXPECT_EQ(errors("/tmp")[0].message, "cannot be read: it is a directory");
  const auto path = std::filesystem::path(testing::TempDir()) / "unit_yaml_read.yaml";
  std::ofstream(path) << "a: 1\n";
  EXPECT_EQ(toJson(readFile(path, nullptr).root).dump(), R"({"a":1})");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace patchbay::yaml
