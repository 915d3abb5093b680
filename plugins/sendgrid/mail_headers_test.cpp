#include "mail_headers.hpp"

#include <gtest/gtest.h>

namespace patchbay::sendgrid {
namespace {

TEST(HeaderBlock, EndsAtTheFirstEmptyLine) {
  EXPECT_EQ(headerBlock("A: 1\r\nB: 2\r\n\r\nC: 3\r\n"), "A: 1\r\nB: 2\r\n");
  EXPECT_EQ(headerBlock("A: 1\n\nbody"), "A: 1\n");
  EXPECT_EQ(headerBlock("A: 1"), "A: 1");
  EXPECT_EQ(headerBlock("\nbody"), "");
  EXPECT_EQ(headerBlock(""), "");
}

TEST(ReadHeaders, UnfoldsValuesAndKeepsTheLines) {
  const auto headers = readHeaders("References: <a@x>\n <b@x>\nsubject:Hi\r\n\tthere \r\n");
  ASSERT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers[0].value, "<a@x> <b@x>");
  EXPECT_EQ(headers[0].lines, "References: <a@x>\n <b@x>\n");
  EXPECT_EQ(valueOf(headers, "SUBJECT"), "Hi\tthere");
  EXPECT_EQ(valueOf(headers, "To"), "");
}

TEST(ReadHeaders, LeavesOutWhatIsNoHeader) {
  const auto headers = readHeaders("From ana Mon Jan  5\n  folded junk\n: empty\nno colon\nX: \n");
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].name, "X");
  EXPECT_EQ(headers[0].value, "");
}

}  // namespace
}  // namespace patchbay::sendgrid
