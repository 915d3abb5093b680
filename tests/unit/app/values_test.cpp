#include "app/values.hpp"

#include <gtest/gtest.h>

namespace patchbay::app {
namespace {

using std::chrono::milliseconds;

TEST(ParseDuration, WantsANumberAndAUnit) {
  EXPECT_EQ(parseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(parseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(parseDuration("0s"), milliseconds(0));
  EXPECT_EQ(parseDuration("7d"), std::chrono::hours(168));
  for (const char* bad : {"", "30", "s", "1.5s", "-1s", "+1s", "30 s", "30S", "1w", "99999999999999999999s", "4000d"}) {
    EXPECT_FALSE(parseDuration(bad)) << bad;
  }
  EXPECT_EQ(formatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(formatDuration(milliseconds(7'200'000)), "2h");
  EXPECT_EQ(formatDuration(milliseconds(0)), "0ms");
}

TEST(ParseSize, KnowsBinaryUnitsOnly) {
  EXPECT_EQ(parseSize("512"), 512U);
  EXPECT_EQ(parseSize("512B"), 512U);
  EXPECT_EQ(parseSize("4MiB"), 4U << 20U);
  EXPECT_EQ(parseSize("1GiB"), 1U << 30U);
  for (const char* bad : {"", "MiB", "4MB", "4M", "4 MiB", "-4", "1.5MiB", "99999999999999999999", "2000GiB"}) {
    EXPECT_FALSE(parseSize(bad)) << bad;
  }
  EXPECT_EQ(formatSize(4U << 20U), "4MiB");
  EXPECT_EQ(formatSize(1000), "1000B");
}

TEST(Names, AreWhatAUrlAndASchemaCanHold) {
  EXPECT_TRUE(isTenantSlug("acme-2"));
  EXPECT_TRUE(isTenantSlug(std::string(56, 'a')));
  for (const char* bad : {"", "Acme", "a_b", "a b", "a\"b", "ä", "a;drop"}) EXPECT_FALSE(isTenantSlug(bad)) << bad;
  EXPECT_FALSE(isTenantSlug(std::string(57, 'a')));
  EXPECT_TRUE(isChannelName("whats_app-1"));
  EXPECT_TRUE(isChannelName(std::string(63, 'a')));
  for (const char* bad : {"", "-a", "_a", "A", "a/b", "a.b"}) EXPECT_FALSE(isChannelName(bad)) << bad;
  EXPECT_FALSE(isChannelName(std::string(64, 'a')));
}

TEST(Addresses, AreChecked) {
  for (const char* good : {"127.0.0.1:9000", "simulator:80", "[::1]:1"}) EXPECT_TRUE(isHostAndPort(good)) << good;
  for (const char* bad : {"", ":80", "a", "a:", "a:0", "a:65536", "a:+1", "http://a:80", "a b:80", "::1:80", "[]:80"}) {
    EXPECT_FALSE(isHostAndPort(bad)) << bad;
  }
  for (const char* good : {"https://x.example", "http://127.0.0.1:8003", "https://x/base/path", "http://[::1]:80/"}) {
    EXPECT_TRUE(isBaseUrl(good)) << good;
  }
  for (const char* bad : {"", "x.example", "ftp://x", "https://", "https:///x", "https://u@x", "https://x?q",
                          "https://x#f", "https://x y", "https://x:99999"}) {
    EXPECT_FALSE(isBaseUrl(bad)) << bad;
  }
}

TEST(ParseSwitch, KnowsTheUsualWords) {
  EXPECT_EQ(parseSwitch("True"), true);
  EXPECT_EQ(parseSwitch("0"), false);
  EXPECT_EQ(parseSwitch("maybe"), std::nullopt);
  EXPECT_EQ(parseNumber("8003", 0, 65535), 8003);
  for (const char* bad : {"", "+1", " 1", "1,000", "1x", "0x10", "65536", "99999999999999999999"}) {
    EXPECT_FALSE(parseNumber(bad, 0, 65535)) << bad;
  }
}

}  // namespace
}  // namespace patchbay::app
