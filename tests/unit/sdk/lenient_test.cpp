#include <gtest/gtest.h>

#include <patchbay/lenient.hpp>

namespace patchbay {
namespace {

const Json kOdd = Json::parse(R"({
  "text": "a", "number": 5, "digits": "-7", "real": 1.5, "real_text": "2.5", "large": 18446744073709551615,
  "yes": true, "no": false, "list": ["a", 1, "b", null], "object": {"inner": "x"}, "null": null, "words": "5 apples"})");

TEST(Lenient, NothingIsReadFromWhatIsNotThere) {
  for (const Json& object : {kOdd, Json(), Json("text"), Json::array({1}), Json(3)}) {
    EXPECT_TRUE(memberOf(object, "missing").is_null());
    EXPECT_EQ(textOf(object, "missing"), "");
    EXPECT_EQ(wholeOf(object, "missing"), std::nullopt);
    EXPECT_EQ(numberOf(object, "missing"), std::nullopt);
    EXPECT_FALSE(flagOf(object, "missing"));
    EXPECT_TRUE(itemsOf(object, "missing").empty());
    EXPECT_TRUE(textsOf(object, "missing").empty());
  }
  EXPECT_EQ(textOf(memberOf(memberOf(kOdd, "text"), "deeper"), "still"), "");
  EXPECT_EQ(textOf(memberOf(kOdd, "object"), "inner"), "x");
}

TEST(Lenient, NumbersAndTextsOfThemAreTheSame) {
  EXPECT_EQ(textOf(kOdd, "number"), "5");
  EXPECT_EQ(textOf(kOdd, "large"), "18446744073709551615");
  EXPECT_EQ(wholeOf(kOdd, "number"), 5);
  EXPECT_EQ(wholeOf(kOdd, "digits"), -7);
  EXPECT_EQ(numberOf(kOdd, "digits"), -7.0);
  EXPECT_EQ(numberOf(kOdd, "real_text"), 2.5);
}

TEST(Lenient, OtherTypesAreNothing) {
  for (const char* key : {"real", "large", "words", "yes", "list", "object", "null"})
    EXPECT_EQ(wholeOf(kOdd, key), std::nullopt) << key;
  for (const char* key : {"real", "yes", "list", "object", "null"}) EXPECT_EQ(textOf(kOdd, key), "") << key;
  for (const char* key : {"words", "text", "yes", "list", "null"}) EXPECT_EQ(numberOf(kOdd, key), std::nullopt) << key;
  for (const char* text : {"inf", "nan", "1e999", "", " 1", "1 ", "0x10"})
    EXPECT_EQ(numberOf(Json{{"n", text}}, "n"), std::nullopt) << text;
  for (const char* key : {"no", "number", "text", "null"}) EXPECT_FALSE(flagOf(kOdd, key)) << key;
  EXPECT_TRUE(flagOf(kOdd, "yes"));
  EXPECT_EQ(itemsOf(kOdd, "list").size(), 4u);
  EXPECT_EQ(textsOf(kOdd, "list"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(itemsOf(kOdd, "object").empty());
}

}  // namespace
}  // namespace patchbay
