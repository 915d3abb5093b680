#include "base/text.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

using std::string_literals::operator""s;

struct Utf8Case {
  const char* what;
  std::string in;
  std::string cleaned;
};

class Utf8 : public testing::TestWithParam<Utf8Case> {};

TEST_P(Utf8, IsJudgedAndRepairedAsUnicodeSays) {
  const auto& [what, in, cleaned] = GetParam();
  EXPECT_EQ(cleanText(in), cleaned) << what;
  const bool has_nul = in.find('\0') != std::string::npos;
  EXPECT_EQ(isValidUtf8(in), in == cleaned || has_nul) << what;
  EXPECT_TRUE(isValidUtf8(cleaned)) << what;
  // Behind eight bytes of ASCII the same bytes meet the fast path.
  EXPECT_EQ(cleanText("12345678" + in), "12345678" + cleaned) << what;
}

INSTANTIATE_TEST_SUITE_P(Table, Utf8,
                         testing::Values(Utf8Case{"empty", "", ""}, Utf8Case{"ascii", "hello", "hello"},
                                         Utf8Case{"two, three, four bytes", "é€😀", "é€😀"},
                                         Utf8Case{"NUL", "a\0b"s, "a\uFFFDb"},
                                         Utf8Case{"last code point", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
                                         Utf8Case{"over the last", "\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
                                         Utf8Case{"surrogate", "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
                                         Utf8Case{"overlong slash", "\xC0\xAF", "\uFFFD\uFFFD"},
                                         Utf8Case{"overlong, three bytes", "\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD"},
                                         Utf8Case{"cut short is one mark", "\xE2\x82", "\uFFFD"},
                                         Utf8Case{"cut short before a letter", "\xF0\x9F\x98x", "\uFFFDx"},
                                         Utf8Case{"lone continuation", "\x80z", "\uFFFDz"},
                                         Utf8Case{"0xFF", "\xFF", "\uFFFD"}));

TEST(FirstCodePoints, NeverCutsACharacter) {
  EXPECT_EQ(firstCodePoints("aé€😀b", 0), "");
  EXPECT_EQ(firstCodePoints("aé€😀b", 2), "aé");
  EXPECT_EQ(firstCodePoints("aé€😀b", 4), "aé€😀");
  EXPECT_EQ(firstCodePoints("aé€😀b", 99), "aé€😀b");
  EXPECT_EQ(countCodePoints("aé€😀b"), 5U);
}

TEST(Ascii, CaseIsIgnoredForLettersOnly) {
  EXPECT_EQ(lowerAscii("ÀBc-Z"), "Àbc-z");
  EXPECT_TRUE(equalsIgnoreCase("Content-Type", "content-tYPE"));
  EXPECT_FALSE(equalsIgnoreCase("a@b", "a`b"));
  EXPECT_FALSE(equalsIgnoreCase("ab", "abc"));
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(OnOneLine, LeavesNothingThatDrivesATerminal) {
  EXPECT_EQ(onOneLine("a\tb\r\nc\x1b[31m\x7f\u0085\u009bé\u00a0"), "a b  c [31m   é\u00a0");
  EXPECT_EQ(onOneLine("\xC2"), "\uFFFD");
  EXPECT_EQ(onOneLine("\u0080\u0080"), "  ");
}

TEST(PercentDecode, RefusesMalformedEscapes) {
  std::string out;
  EXPECT_TRUE(percentDecode("a%2Fb%c3%a9+", false, out));
  EXPECT_EQ(out, "a/bé+");
  EXPECT_TRUE(percentDecode("a+b%2B", true, out));
  EXPECT_EQ(out, "a b+");
  for (const char* bad : {"%", "%2", "%zz", "x%2", "%2g", "%+1"}) EXPECT_FALSE(percentDecode(bad, false, out)) << bad;
}

TEST(PercentEncode, ComesBackAsItWas) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  std::string out;
  ASSERT_TRUE(percentDecode(percentEncode(all), true, out));
  EXPECT_EQ(out, all);
  EXPECT_EQ(percentEncode("a-Z_.~ /+"), "a-Z_.~%20%2F%2B");
}

TEST(Nearest, SuggestsASlipButNotAnotherWord) {
  const std::vector<std::string> keys{"host", "port", "io_threads", "max_connections"};
  EXPECT_EQ(nearest("prot", keys), "port");
  EXPECT_EQ(nearest("PORT", keys), "port");
  EXPECT_EQ(nearest("io-thread", keys), "io_threads");
  EXPECT_EQ(nearest("max_conections", keys), "max_connections");
  EXPECT_EQ(nearest("banana", keys), "");
  EXPECT_EQ(nearest("x", keys), "");
  EXPECT_EQ(nearest("", keys), "");
}

}  // namespace
}  // namespace patchbay
