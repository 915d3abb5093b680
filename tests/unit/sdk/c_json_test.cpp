// The reader and writer for connectors in C, and what they have beside it. Against nlohmann/json on any bytes:
// tests/fuzz/c_json.cpp.
#include <gtest/gtest.h>
#include <patchbay/json.h>
#include <patchbay/text.h>

#include <array>
#include <chrono>
#include <patchbay/time.hpp>
#include <string>
#include <string_view>

namespace patchbay {
namespace {

pb_str str(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(pb_str text) {
  return {text.data, text.size};
}

bool reads(std::string_view text) {
  pb_json value;
  const bool good = pb_json_read(str(text), &value) == 1;
  EXPECT_EQ(good, value.kind != PB_JSON_ABSENT) << text;
  return good;
}

pb_json read(std::string_view text) {
  pb_json value;
  EXPECT_EQ(pb_json_read(str(text), &value), 1) << text;
  return value;
}

std::string shown(pb_json value) {
  std::array<char, 256> buffer;
  const auto size = pb_json_copy(value, buffer.data(), buffer.size());
  return size < 0 ? "(none)" : std::string(buffer.data(), static_cast<std::size_t>(size));
}

TEST(CJsonReader, AcceptsJsonAndNothingElse) {
  for (const char* good : {"null", " true ", "-0", "0.5", "1e9", "-12.5E-3", "\"\"", "[]", "{}", "[1,[2],{\"a\":[]}]",
                           "{\"a\":1,\"a\":2}", "\t\r\n[ 1 , 2 ]\n", "\xEF\xBB\xBF{}", "\"\\ud83d\\ude80\""})
    EXPECT_TRUE(reads(good)) << good;
  for (const char* bad : {"",
                          " ",
                          "nul",
                          "01",
                          "1.",
                          ".5",
                          "+1",
                          "1e",
                          "-",
                          "'a'",
                          "\"",
                          "\"a",
                          "[",
                          "[1",
                          "[1,",
                          "[1,]",
                          "{",
                          "{\"a\"",
                          "{\"a\":",
                          "{\"a\":1",
                          "{\"a\":1,",
                          "{\"a\":1,}",
                          "{a:1}",
                          "{\"a\" 1}",
                          "[1 2]",
                          "]",
                          "}",
                          "{]",
                          "[}",
                          "[{\"a\":1]",
                          "1 2",
                          "{} {}",
                          "\"\t\"",
                          "\"\\x\"",
                          "\"\\u12\"",
                          "\"\\ud83d\"",
                          "\"\\ude80\"",
                          "\"\\ud83dx\"",
                          "\"\\ud83d\\u0041\"",
                          "NaN",
                          "\"\xff\"",
                          "\"\xc0\x80\"",
                          "\"\xed\xa0\x80\"",
                          "\"\xf4\x90\x80\x80\"",
                          "\"\xe2\x82\""})
    EXPECT_FALSE(reads(bad)) << bad;
  EXPECT_FALSE(reads(std::string_view("\"a\0b\"", 5)));
  EXPECT_FALSE(reads(std::string_view("1\0", 2)));
}

TEST(CJsonReader, IsBoundedInDepthAndSize) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(reads(nested(PB_JSON_MAX_DEPTH)));
  EXPECT_FALSE(reads(nested(PB_JSON_MAX_DEPTH + 1)));
  EXPECT_FALSE(reads(std::string(10'000'000, '[')));
  EXPECT_TRUE(reads(std::string(PB_JSON_MAX_BYTES - 1, ' ') + "1"));
  EXPECT_FALSE(reads(std::string(PB_JSON_MAX_BYTES, ' ') + "1"));
}

TEST(CJsonReader, LookUpsChainAndWhatIsAbsentSaysNo) {
  const auto document = read(R"({"a": {"b": [1, {"c": "deep"}]}, "\u0061b": true, "n": null})");
  EXPECT_TRUE(pb_json_is_true(pb_json_get(document, "ab")));
  EXPECT_EQ(pb_json_get(document, "n").kind, static_cast<std::uint32_t>(PB_JSON_NULL));
  for (const auto& absent : {pb_json_get(document, "x"), pb_json_get(pb_json_get(document, "x"), "y"),
                             pb_json_get(pb_json_get(pb_json_get(document, "a"), "b"), "c"), pb_json_absent()}) {
    std::int64_t number = 9;
    pb_json item;
    auto items = pb_json_iterate(absent);
    EXPECT_EQ(absent.kind, static_cast<std::uint32_t>(PB_JSON_ABSENT));
    EXPECT_FALSE(pb_json_next(&items, &item, nullptr));
    EXPECT_FALSE(pb_json_is(absent, ""));
    EXPECT_FALSE(pb_json_is_true(absent));
    EXPECT_FALSE(pb_json_integer(absent, &number));
    EXPECT_EQ(number, 0);
    EXPECT_EQ(shown(absent), "(none)");
  }
}

TEST(CJsonReader, TheLastOfTwoMembersOfOneNameCounts) {
  EXPECT_EQ(shown(pb_json_get(read(R"({"a": "first", "a": "last"})"), "a")), "last");
}

TEST(CJsonReader, StepsThroughArraysAndObjects) {
  pb_json item, name;
  std::string seen;
  auto items = pb_json_iterate(read(R"( [ 1 , "two", [3, 3], {"four": 4} , null ] )"));
  while (pb_json_next(&items, &item, &name)) {
    EXPECT_EQ(name.kind, static_cast<std::uint32_t>(PB_JSON_ABSENT));
    seen += std::string(view(item.text)) + ";";
  }
  EXPECT_EQ(seen, R"(1;"two";[3, 3];{"four": 4};null;)");
  seen.clear();
  items = pb_json_iterate(read(R"({"a" : 1, "b\n":{"c":2} })"));
  while (pb_json_next(&items, &item, &name)) seen += shown(name) + "=" + std::string(view(item.text)) + ";";
  EXPECT_EQ(seen, "a=1;b\n={\"c\":2};");
  EXPECT_FALSE(pb_json_next(&items, &item, &name));
}

TEST(CJsonReader, ComparesTextsAsRead) {
  EXPECT_TRUE(pb_json_is(read(R"("\u00e9\ud83d\ude80\\\n")"), "\xC3\xA9\xF0\x9F\x9A\x80\\\n"));
  EXPECT_FALSE(pb_json_is(read(R"("ab")"), "a"));
  EXPECT_FALSE(pb_json_is(read(R"("a")"), "ab"));
  EXPECT_FALSE(pb_json_is(read(R"("a\u0000")"), "a"));
  EXPECT_FALSE(pb_json_is(read("1"), "1"));
}

TEST(CJsonReader, CopiesWholeTextsOrNone) {
  std::array<char, 8> buffer;
  EXPECT_EQ(pb_json_copy(read(R"("1234567")"), buffer.data(), 8), 7);
  EXPECT_STREQ(buffer.data(), "1234567");
  EXPECT_EQ(pb_json_copy(read(R"("12345678")"), buffer.data(), 8), -1);
  EXPECT_STREQ(buffer.data(), "");
  EXPECT_EQ(pb_json_copy(read(R"("a")"), buffer.data(), 0), -1);
  EXPECT_EQ(pb_json_copy(read("[1]"), buffer.data(), 8), -1);
  EXPECT_EQ(shown(read(R"("\"\\\/\b\f\n\r\t\u20ac")")), "\"\\/\b\f\n\r\t\xE2\x82\xAC");
}

TEST(CJsonReader, TakesIntegersThatFit) {
  std::int64_t number = 0;
  EXPECT_TRUE(pb_json_integer(read("9223372036854775807"), &number));
  EXPECT_EQ(number, INT64_MAX);
  EXPECT_TRUE(pb_json_integer(read("-9223372036854775808"), &number));
  EXPECT_EQ(number, INT64_MIN);
  for (const char* none :
       {"9223372036854775808", "-9223372036854775809", "99999999999999999999999", "1.0", "1e3", "\"1\""})
    EXPECT_FALSE(pb_json_integer(read(none), &number)) << none;
}

/// What the steps wrote, or "(failed)".
template <class Steps>
std::string written(Steps steps) {
  pb_json_writer writer{};
  steps(&writer);
  const auto text = pb_json_written(&writer);
  std::string copy = text.data ? std::string(view(text)) : "(failed)";
  pb_json_free(&writer);
  return copy;
}

TEST(CJsonWriter, PutsCommasAndEscapesWhereTheyBelong) {
  EXPECT_EQ(written([](pb_json_writer* w) {
              pb_json_open(w, '{');
              pb_json_put_text(w, "a", "\"\\\n\x01\xC3\xA9");
              pb_json_put_open(w, "b", '[');
              pb_json_number(w, INT64_MIN);
              pb_json_boolean(w, 1);
              pb_json_open(w, '{'), pb_json_close(w, '}');
              pb_json_close(w, ']');
              pb_json_put(w, "c", read(R"( {"as": ["it", "stands"]} )"));
              pb_json_put_number(w, "d", 5);
              pb_json_close(w, '}');
            }),
            "{\"a\":\"\\\"\\\\\\u000a\\u0001\xC3\xA9\",\"b\":[-9223372036854775808,true,{}],"
            "\"c\":{\"as\": [\"it\", \"stands\"]},\"d\":5}");
  EXPECT_EQ(written([](pb_json_writer* w) { pb_json_text(w, ":"); }), "\":\"");
}

TEST(CJsonWriter, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(written([](pb_json_writer* w) { pb_json_string(w, str("a\xff\xe2\x82z")); }),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
  EXPECT_EQ(written([](pb_json_writer* w) { pb_json_string(w, pb_str{nullptr, 0}); }), "\"\"");
}

TEST(CJsonWriter, FailsInsteadOfWritingWhatIsNotJson) {
  const auto fails = [](auto steps) { return written(steps) == "(failed)"; };
  EXPECT_TRUE(fails([](pb_json_writer*) {}));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_open(w, '{'); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_open(w, '('); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_open(w, '{'), pb_json_close(w, ']'); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_close(w, '}'); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_open(w, '{'), pb_json_text(w, "x"), pb_json_close(w, '}'); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_open(w, '{'), pb_json_name(w, "x"), pb_json_close(w, '}'); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) {
    pb_json_open(w, '{'), pb_json_name(w, "x"), pb_json_name(w, "y"), pb_json_text(w, "z"), pb_json_close(w, '}');
  }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_open(w, '['), pb_json_name(w, "x"), pb_json_close(w, ']'); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_number(w, 1), pb_json_number(w, 2); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) { pb_json_value(w, pb_json_absent()); }));
  EXPECT_TRUE(fails([](pb_json_writer* w) {
    for (int i = 0; i <= PB_JSON_MAX_DEPTH; ++i) pb_json_open(w, '[');
    for (int i = 0; i <= PB_JSON_MAX_DEPTH; ++i) pb_json_close(w, ']');
  }));
  EXPECT_TRUE(fails([](pb_json_writer* w) {
    static const std::string big(20U << 20U, 'a');
    pb_json_open(w, '['), pb_json_string(w, str(big)), pb_json_string(w, str(big)), pb_json_close(w, ']');
  }));
}

TEST(CText, FindsHeadersWithoutRegardToCase) {
  const std::array<pb_header, 3> headers = {
      {{str("X-Ab"), str("1")}, {str("Retry-After"), str("30")}, {str("retry-after"), str("60")}}};
  EXPECT_EQ(view(pb_header_value(headers.data(), 3, "RETRY-AFTER")), "30");
  EXPECT_EQ(pb_header_value(headers.data(), 3, "Retry").size, 0U);
  EXPECT_EQ(pb_header_value(nullptr, 0, "X").size, 0U);
}

TEST(CText, WritesTimesAsTheCppLayerDoes) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{951782400000},
                                std::int64_t{951868799999}, std::int64_t{1767607200123}, std::int64_t{4107542399999},
                                std::int64_t{253402300799999}, INT64_MAX, INT64_MIN}) {
    std::array<char, 32> text;
    pb_rfc3339(ms, text.data(), text.size());
    EXPECT_EQ(text.data(), rfc3339(Time(std::chrono::milliseconds(ms)))) << ms;
  }
  for (std::int64_t day = 0; day < 200'000; day += 7) {
    std::array<char, 32> text;
    pb_rfc3339(day * 86'400'000 + 1, text.data(), text.size());
    ASSERT_EQ(text.data(), rfc3339(Time(std::chrono::milliseconds(day * 86'400'000 + 1)))) << day;
  }
}

}  // namespace
}  // namespace patchbay
