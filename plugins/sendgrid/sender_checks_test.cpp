#include "sender_checks.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace patchbay::sendgrid {
namespace {

/// "example.org=pass evil.example=fail"
std::string signaturesOf(std::string_view dkim) {
  std::string out;
  for (const DkimSignature& one : readSenderChecks("", dkim).signatures)
    out += (out.empty() ? "" : " ") + one.domain + "=" + one.result;
  return out;
}

TEST(ReadSenderChecks, SaysWhatSpfFound) {
  const std::pair<const char*, const char*> kCases[] = {
      {"pass", "pass"},  {"fail", "fail"},         {"softfail", "fail"},     {"none", "none"}, {"neutral", "none"},
      {"PASS ", "pass"}, {"temperror", "unknown"}, {"permerror", "unknown"}, {"", ""},         {"7", ""},
      {"hm", "unknown"}};
  for (const auto& [spf, result] : kCases) EXPECT_EQ(readSenderChecks(spf, "").spf, result) << spf;
}

TEST(ReadSenderChecks, NamesEverySignature) {
  EXPECT_EQ(signaturesOf("{@example.org : pass}"), "example.org=pass");
  EXPECT_EQ(signaturesOf("{@a.example : pass}{@b.example : fail}"), "a.example=pass b.example=fail");
  EXPECT_EQ(signaturesOf("{@a.example : pass, @b.example:temperror}"), "a.example=pass b.example=unknown");
  EXPECT_EQ(readSenderChecks("", "none").dkim, "none");
  EXPECT_EQ(readSenderChecks("", "{@example.org : pass}").dkim, "") << "the host knows whether that is the sender";
}

TEST(ReadSenderChecks, TakesNothingFromWhatItCannotRead) {
  for (const char* text : {"", "{}", "@", "{@ : pass}", "{@a b : pass}", "{@a.example}", "{@a.example :: pass}",
                           "{@a.example : }", "{@\xC3\xA4.example : pass}"})
    EXPECT_EQ(signaturesOf(text), "") << text;
}

}  // namespace
}  // namespace patchbay::sendgrid
