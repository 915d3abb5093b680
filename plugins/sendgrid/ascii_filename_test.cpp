#include "ascii_filename.hpp"

#include <gtest/gtest.h>

namespace patchbay::sendgrid {
namespace {

TEST(AsciiFilename, LeavesPlainNamesAlone) {
  EXPECT_EQ(asciiFilename("Invoice 2026-01 (final).pdf"), "Invoice 2026-01 (final).pdf");
  EXPECT_EQ(asciiFilename("README"), "README");
}

TEST(AsciiFilename, TakesTheMarksOffLatinLetters) {
  EXPECT_EQ(asciiFilename("résumé.pdf"), "resume.pdf");
  EXPECT_EQ(asciiFilename("Größe_Łódź.txt"), "Grosse_Lodz.txt");
  EXPECT_EQ(asciiFilename("re\xCC\x81sume\xCC\x81.pdf"), "resume.pdf");  // e + U+0301
}

TEST(AsciiFilename, PutsOneUnderscoreInThePlaceOfWhatItCannotWrite) {
  EXPECT_EQ(asciiFilename("Rechnung 報告書 7.pdf"), "Rechnung _ 7.pdf");
  EXPECT_EQ(asciiFilename("a/b\\c\"d\r\ne.txt"), "a_b_c_d_e.txt");
}

TEST(AsciiFilename, NamesWhatHasNoNameLeft) {
  EXPECT_EQ(asciiFilename("報告書.pdf"), "attachment.pdf");
  EXPECT_EQ(asciiFilename("👋"), "attachment");
  EXPECT_EQ(asciiFilename(""), "attachment");
  EXPECT_EQ(asciiFilename(".pdf"), "attachment.pdf");
}

TEST(AsciiFilename, SurvivesBytesThatAreNotText) {
  EXPECT_EQ(asciiFilename("\xFF\xFE\x80"), "attachment");
  EXPECT_EQ(asciiFilename("a\xC3"), "a_");
}

}  // namespace
}  // namespace patchbay::sendgrid
