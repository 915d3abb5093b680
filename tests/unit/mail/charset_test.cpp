#include "mail/charset.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "mail/flowed.hpp"

namespace patchbay::mail {
namespace {

TEST(ToUtf8, ReadsWhatIsDeclaredAsWhatIsMeant) {
  struct Case {
    const char *bytes, *charset, *text;
  };
  const Case cases[] = {{"Gr\xFC\xDF"
                         "e",
                         "iso-8859-1", "Grüße"},
                        {"it\x92s \x80"
                         "5",
                         "iso-8859-1", "it’s €5"},
                        {"Gr\xC3\xBC\xC3\x9F"
                         "e",
                         "us-ascii", "Grüße"},
                        {"Gr\xC3\xBC\xC3\x9F"
                         "e",
                         "iso-8859-1", "Grüße"},
                        {"Gr\xFC\xDF"
                         "e",
                         "utf-8", "Grüße"},
                        {"\xA4", "ISO-8859-15", "€"},
                        {"\xC4\xE3\xBA\xC3", "gb2312", "你好"},
                        {"\x1B$BF|K\\\x1B(B", "iso-2022-jp", "日本"},
                        {"\x93\xFA\x96{", "Shift_JIS", "日本"},
                        {"\xF0\xD2\xC9\xD7\xC5\xD4", "koi8-r", "Привет"},
                        {"\xC8\xCB\xB3\xE7", "ks_c_5601-1987", "훙녕"},
                        {"\xB1\xE6", "iso-8859-2", "ąć"},
                        {"+ADw-b+AD4- Gr+APwA3w-e", "utf-7", "<b> Grüße"},
                        {"+ADw-b+AD4-", "unicode-1-1-utf-7", "<b>"},
                        {"+ADw-b+AD4-", "us-ascii", "+ADw-b+AD4-"},
                        {"+ADw-b+AD4-", "", "+ADw-b+AD4-"},
                        {"caf\xE9", "no-such-charset", "café"},
                        {"caf\xE9", "", "café"},
                        {"plain", "utf-8//IGNORE", "plain"}};
  for (const auto& one : cases) {
    if (std::string_view(one.charset) == "ks_c_5601-1987") {
      EXPECT_TRUE(isValidUtf8(toUtf8(one.bytes, one.charset)));
      EXPECT_EQ(toUtf8(one.bytes, one.charset).size(), 6U);  // two Hangul syllables
      continue;
    }
    EXPECT_EQ(toUtf8(one.bytes, one.charset), one.text) << one.charset;
  }
}

TEST(ToUtf8, IsAlwaysTextThatTheDatabaseTakes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  for (const char* charset : {"", "utf-8", "iso-2022-jp", "gb18030", "shift_jis", "euc-kr", "big5", "utf-16", "utf-32",
                              "utf-7", "windows-1251", "windows-874", "iso-8859-8-i", "hz-gb-2312"}) {
    const auto text = toUtf8(all, charset);
    EXPECT_TRUE(isValidUtf8(text)) << charset;
    EXPECT_EQ(text.find('\0'), std::string::npos) << charset;
  }
}

TEST(MetaCharset, IsFoundInTheHeadOnly) {
  EXPECT_EQ(metaCharset("<html><head><META charset='ISO-8859-2'></head>"), "iso-8859-2");
  EXPECT_EQ(metaCharset("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1251\">"),
            "windows-1251");
  EXPECT_EQ(metaCharset("<p>charset=x"), "");
  EXPECT_EQ(metaCharset(std::string(3000, ' ') + "<meta charset=x>"), "");
}

TEST(Unflow, JoinsWhatAProgramBroke) {
  EXPECT_EQ(unflow("soft \nbreak\n", false), "soft break\n");
  EXPECT_EQ(unflow("soft \nbreak\n", true), "softbreak\n");
  EXPECT_EQ(unflow("> q1 \n> q2\n", false), "> q1 q2\n");
  EXPECT_EQ(unflow("> q1 \nmine\n", false), "> q1 \nmine\n");
  EXPECT_EQ(unflow("a\n-- \nAna\n", false), "a\n-- \nAna\n");
  EXPECT_EQ(unflow(" >stuffed\n", false), ">stuffed\n");
}

}  // namespace
}  // namespace patchbay::mail
