#include "base/time.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

std::string reformatted(std::string_view text) {
  const auto time = parseRfc3339(text);
  return time ? formatRfc3339(*time) : "refused";
}

struct TimeCase {
  const char* in;
  const char* out;
};

class Rfc3339 : public testing::TestWithParam<TimeCase> {};

TEST_P(Rfc3339, IsReadToTheMicrosecondAndWrittenInUtc) {
  EXPECT_EQ(reformatted(GetParam().in), GetParam().out);
}

INSTANTIATE_TEST_SUITE_P(Table, Rfc3339,
                         testing::Values(TimeCase{"2026-01-05T10:00:00Z", "2026-01-05T10:00:00.000Z"},
                                         TimeCase{"2026-01-05t10:00:00.1z", "2026-01-05T10:00:00.100Z"},
                                         TimeCase{"2026-01-05T10:00:00.123456789Z", "2026-01-05T10:00:00.123Z"},
                                         TimeCase{"2026-01-05T10:00:00.9999Z", "2026-01-05T10:00:00.999Z"},
                                         TimeCase{"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"},
                                         TimeCase{"2026-01-05T10:00:00-23:59", "2026-01-06T09:59:00.000Z"},
                                         TimeCase{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
                                         TimeCase{"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
                                         TimeCase{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
                                         TimeCase{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"},
                                         TimeCase{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
                                         TimeCase{"2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000Z"}));

TEST(ParseRfc3339, RefusesWhatIsNoTime) {
  for (const char* bad : {"",
                          "2026-01-05",
                          "2026-01-05T10:00:00",
                          "2026-01-05 10:00:00Z",
                          "2026-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-10T00:00:00Z",
                          "2026-01-00T00:00:00Z",
                          "2026-01-05T24:00:00Z",
                          "2026-01-05T10:60:00Z",
                          "2026-01-05T10:00:60Z",
                          "2026-01-05T10:00:61Z",
                          "2026-01-05T10:00:00.Z",
                          "2026-01-05T10:00:00.1234567890Z",
                          "2026-01-05T10:00:00+0100",
                          "2026-01-05T10:00:00+24:00",
                          "2026-01-05T10:00:00+01:60",
                          "2026-01-05T10:00:00Zx",
                          "0000-01-01T00:00:00Z",
                          "0001-01-01T00:00:00+01:00",
                          "9999-12-31T23:59:59-01:00",
                          "-026-01-05T10:00:00Z",
                          "2026-1-5T10:00:00Z",
                          " 2026-01-05T10:00:00Z"}) {
    EXPECT_FALSE(parseRfc3339(bad)) << bad;
  }
}

TEST(ParseRfc3339, KeepsMicroseconds) {
  EXPECT_EQ(parseRfc3339("1970-01-01T00:00:01.000002Z")->time_since_epoch().count(), 1'000'002);
}

TEST(Now, IsTheSystemClock) {
  const auto before = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto time = now();
  EXPECT_LE(before, time);
  EXPECT_LE(time, std::chrono::system_clock::now());
}

}  // namespace
}  // namespace patchbay
