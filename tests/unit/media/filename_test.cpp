#include "media/filename.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace patchbay::media {
namespace {

struct NameCase {
  std::string given, safe;
};

class SafeFilename : public testing::TestWithParam<NameCase> {};

TEST_P(SafeFilename, KeepsNothingThatCouldLeaveTheFolderOrTheHeader) {
  EXPECT_EQ(safeFilename(GetParam().given), GetParam().safe);
}

INSTANTIATE_TEST_SUITE_P(
    Names, SafeFilename,
    testing::Values(NameCase{"offer.pdf", "offer.pdf"}, NameCase{"../../etc/passwd", "passwd"},
                    NameCase{"C:\\temp\\a.txt", "a.txt"}, NameCase{".htaccess", "htaccess"}, NameCase{"..", ""},
                    NameCase{"", ""}, NameCase{"a\"; filename=b.exe", "a_; filename=b.exe"},
                    NameCase{"line\r\nbreak.txt", "line__break.txt"}, NameCase{"größe.png", "größe.png"},
                    NameCase{std::string("nul\0byte", 8), "nul\uFFFDbyte"}, NameCase{"\xFF.jpg", "\uFFFD.jpg"},
                    NameCase{"a/", ""}, NameCase{"  spaced .txt ", "spaced .txt"}));

TEST(ShownFilename, HasNoFoldersAndNothingThatTurnsTheWritingRound) {
  EXPECT_EQ(shownFilename("../etc/in\xE2\x80\xAE"
                          "fdp.exe"),
            "infdp.exe");
  EXPECT_EQ(shownFilename("C:\\x\\\xE2\x81\xA6"
                          "a\xE2\x81\xA9.pdf"),
            "a.pdf");
  EXPECT_EQ(shownFilename("\xE2\x82\xAC 5: r\xC3\xA9sum\xC3\xA9?.pdf"), "\xE2\x82\xAC 5: r\xC3\xA9sum\xC3\xA9?.pdf");
  EXPECT_EQ(shownFilename("a\r\nSet-Cookie: x=1.svg"), "a__Set-Cookie: x=1.svg");
  EXPECT_EQ(safeFilename("in\xE2\x80\xAE"
                         "fdp.exe"),
            "infdp.exe");
}

TEST(SafeFilename, CutsALongNameBetweenCharactersAndKeepsItsExtension) {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "ä";
  const std::string safe = safeFilename(name + ".jpeg");
  EXPECT_LE(safe.size(), 120U);
  EXPECT_TRUE(safe.ends_with("ä.jpeg"));
  EXPECT_TRUE(isValidUtf8(safe));
}

TEST(SafeFilename, DoesNotEndWithADotOrBlankAfterTheCut) {
  EXPECT_EQ(safeFilename(std::string(119, 'a') + "." + std::string(50, 'b')), std::string(119, 'a'));
  EXPECT_EQ(safeFilename(std::string(118, 'a') + " ." + std::string(50, 'b')), std::string(118, 'a'));
}

struct TypeCase {
  std::string given, safe;
};

class SafeMimeType : public testing::TestWithParam<TypeCase> {};

TEST_P(SafeMimeType, IsATypeOrUnknown) {
  EXPECT_EQ(safeMimeType(GetParam().given), GetParam().safe);
}

INSTANTIATE_TEST_SUITE_P(Types, SafeMimeType,
                         testing::Values(TypeCase{"image/jpeg", "image/jpeg"}, TypeCase{"Image/PNG", "image/png"},
                                         TypeCase{"audio/ogg; codecs=opus", "audio/ogg; codecs=opus"},
                                         TypeCase{"", "application/octet-stream"},
                                         TypeCase{"text", "application/octet-stream"},
                                         TypeCase{"a/b\r\nX: y", "application/octet-stream"},
                                         TypeCase{"a b/c", "application/octet-stream"},
                                         TypeCase{"/", "application/octet-stream"}));

TEST(SafeMimeType, IsNeverLongerThanAHeaderShouldBe) {
  std::string name(300, 'a');
  name.append("/b");
  EXPECT_EQ(safeMimeType(name), "application/octet-stream");
  // The blank that is put in front of parameters does not make it longer than it may be.
  EXPECT_EQ(safeMimeType("a/b;" + std::string(196, 'x')), "a/b");
}

}  // namespace
}  // namespace patchbay::media
