#include <gtest/gtest.h>

#include <patchbay/json.hpp>

namespace patchbay {
namespace {

TEST(ParseJson, RefusesDeepNestingBeforeItBecomesADocument) {
  EXPECT_THROW(parseJson(std::string(200000, '[')), JsonError);
  EXPECT_THROW(parseJson(std::string(65, '[') + std::string(65, ']')), JsonError);
  EXPECT_NO_THROW(parseJson(std::string(64, '[') + std::string(64, ']')));
}

TEST(ParseJson, ItsErrorDoesNotRepeatWhatPeopleWrote) {
  try {
    (void)parseJson("{\"text\": \"my card is 4111 \\q\"}");
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_EQ(std::string(error.what()).find("4111"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("column 28"), std::string::npos) << error.what();
  }
}

TEST(ParseJson, BracketsInTextDoNotCount) {
  EXPECT_EQ(parseJson("\"" + std::string(1000, '[') + "\\\"" + "\"").get<std::string>().size(), 1001u);
}

TEST(ParseJson, RefusesWhatIsTooLargeOrNotJson) {
  EXPECT_THROW(parseJson("[1,2]", {.max_bytes = 4}), JsonError);
  for (const char* text : {"", "{", "{}x", "\"\xff\"", R"("\ud800")", "nul"})
    EXPECT_THROW(parseJson(text), JsonError) << text;
}

TEST(ParseJsonLoosely, BrokenTextBecomesReplacementCharacters) {
  EXPECT_EQ(parseJsonLoosely(R"("a \ud83d b")"), "a \uFFFD b");
  EXPECT_EQ(parseJsonLoosely(R"("\ude00\ud83d\ude00\ud83d")"), "\uFFFD😀\uFFFD");
  EXPECT_EQ(parseJsonLoosely("\"a\xff\xc3\""), "a\uFFFD\uFFFD");
  EXPECT_EQ(parseJsonLoosely("\"\xed\xa0\x80\xc3\xa9\""), "\uFFFDé");
}

TEST(ParseJsonLoosely, AnEscapedBackslashIsNotAnEscape) {
  EXPECT_EQ(parseJsonLoosely(R"("\\ud83d \ud83d")"), "\\ud83d \uFFFD");
}

TEST(ParseJsonLoosely, StillRefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "\"\\", "\"\\ud8", "\xff"}) EXPECT_THROW(parseJsonLoosely(text), JsonError) << text;
  EXPECT_THROW(parseJsonLoosely(std::string(200000, '[')), JsonError);
}

TEST(DumpJson, NeverThrowsForBytes) {
  EXPECT_EQ(dumpJson(Json("\xff")), "\"\uFFFD\"");
}

}  // namespace
}  // namespace patchbay
