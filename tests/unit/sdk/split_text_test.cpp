#include <gtest/gtest.h>

#include <patchbay/split_text.hpp>

namespace patchbay {
namespace {

std::vector<std::string> utf16(std::string_view text, std::size_t limit) {
  return splitText(text, limit, TextUnit::kUtf16);
}

std::string times(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(SplitText, ATextThatFitsComesBackAsItIs) {
  EXPECT_EQ(utf16("  two  words \n", 14), std::vector<std::string>{"  two  words \n"});
  EXPECT_TRUE(utf16("", 10).empty());
}

TEST(SplitText, CutsBetweenWords) {
  EXPECT_EQ(utf16("alpha beta gamma", 10), (std::vector<std::string>{"alpha beta", "gamma"}));
  EXPECT_EQ(utf16("alpha beta gamma", 9), (std::vector<std::string>{"alpha", "beta", "gamma"}));
}

TEST(SplitText, PrefersALineBreakInTheSecondHalf) {
  EXPECT_EQ(utf16("one two\nthree four", 12), (std::vector<std::string>{"one two", "three four"}));
  EXPECT_EQ(utf16("a\nbcd efg hij", 9), (std::vector<std::string>{"a\nbcd efg", "hij"}));
}

TEST(SplitText, AWordLongerThanAPartIsCutAtTheLimit) {
  EXPECT_EQ(utf16(times("x", 25), 10), (std::vector<std::string>{times("x", 10), times("x", 10), times("x", 5)}));
}

TEST(SplitText, NeverSplitsASurrogatePair) {
  // 5 emoji are 10 UTF-16 units, 5 code points and 20 bytes.
  const std::string text = times("😀", 5);
  EXPECT_EQ(textLength(text, TextUnit::kUtf16), 10u);
  EXPECT_EQ(textLength(text, TextUnit::kCodePoints), 5u);
  EXPECT_EQ(textLength(text, TextUnit::kBytes), 20u);
  EXPECT_EQ(utf16(text, 5), (std::vector<std::string>{times("😀", 2), times("😀", 2), "😀"}));
  EXPECT_EQ(splitText(text, 7, TextUnit::kBytes).size(), 5u);
}

TEST(SplitText, KeepsCharactersTogetherThatPeopleSeeAsOne) {
  const std::string family = "👨‍👩‍👧";  // joined by U+200D, 8 units
  const std::string flag = "🇩🇪";                    // 4 units
  const std::string wave = "👋🏽";              // with a skin tone, 4 units
  const std::string accent = "e\u0301";             // 2 units
  for (const std::string& one : {family, flag, wave, accent}) {
    const std::size_t size = textLength(one, TextUnit::kUtf16);
    for (std::size_t limit = size; limit < 2 * size; ++limit)
      for (const std::string& part : utf16(times(one, 3), limit)) EXPECT_EQ(part, one) << limit;
  }
  EXPECT_EQ(utf16("a\r\nb", 4), std::vector<std::string>{"a\r\nb"});
}

TEST(SplitText, ACharacterLongerThanThePartIsCutBetweenItsCodePoints) {
  const std::string zalgo = "z" + times("\u0301", 50);
  const auto parts = utf16(zalgo, 10);
  std::string together;
  for (const auto& part : parts) {
    EXPECT_LE(textLength(part, TextUnit::kUtf16), 10u);
    together += part;
  }
  EXPECT_EQ(together, zalgo);
}

TEST(SplitText, NothingButBlanksOverTheLimitIsNoPart) {
  EXPECT_TRUE(utf16(times(" ", 100), 10).empty());
}

TEST(SplitText, AnyBytesEndAndNoPartIsTooLong) {
  std::uint32_t seed = 7;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 200; ++i) {
      seed = seed * 1664525U + 1013904223U;
      text += static_cast<char>(round % 2 == 0 ? seed >> 24U : (seed >> 24U) % 5U == 0 ? ' ' : 'a');
    }
    for (const TextUnit unit : {TextUnit::kUtf16, TextUnit::kCodePoints, TextUnit::kBytes})
      for (const auto& part : splitText(text, 16, unit)) {
        ASSERT_FALSE(part.empty());
        ASSERT_LE(textLength(part, unit), 16u);
      }
  }
}

TEST(SplitText, LosesNothingButBlanks) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "w" + std::to_string(i) + (i % 7 == 0 ? "\n" : " ");
  std::string joined;
  for (const auto& part : utf16(text, 100)) joined += part + " ";
  const auto squeezed = [](std::string s) {
    std::erase_if(s, [](char c) { return c == ' ' || c == '\n'; });
    return s;
  };
  EXPECT_EQ(squeezed(joined), squeezed(text));
}

TEST(Utf8Prefix, DoesNotBreakACodePoint) {
  EXPECT_EQ(utf8Prefix("aé", 2), "a");
  EXPECT_EQ(utf8Prefix("aé", 3), "aé");
  EXPECT_EQ(utf8Prefix("😀", 3), "");
}

TEST(Utf8, StrayBytesAreReplaced) {
  EXPECT_EQ(utf8Repaired("aé😀"), "aé😀");
  EXPECT_EQ(utf8Repaired("a\x80"
                         "b\xC3"),
            "a\uFFFDb\uFFFD");
  EXPECT_EQ(utf8Repaired("\xE0\x80\x80"), "\uFFFD\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(utf8Repaired("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "half of a surrogate pair";
  EXPECT_EQ(utf8Repaired("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "over U+10FFFF";
}

}  // namespace
}  // namespace patchbay
