#include "base/log.hpp"

#include <gtest/gtest.h>

#include "base/time.hpp"

namespace patchbay::log {
namespace {

/// What `action` prints on standard error, without the 24 characters of the time.
template <class Action>
std::string printed(Action action) {
  testing::internal::CaptureStderr();
  action();
  std::string out = testing::internal::GetCapturedStderr();
  return out.size() > 24 ? out.substr(24) : out;
}

TEST(Log, WritesOneReadableLine) {
  EXPECT_EQ(printed([] {
              warn("edge", "request refused", {{"reason", "two Host headers"}, {"peer", "127.0.0.1"}, {"port", 8003}});
            }),
            " warn  edge: request refused reason=\"two Host headers\" peer=127.0.0.1 port=8003\n");
  testing::internal::CaptureStderr();
  info("edge", "up");
  EXPECT_TRUE(parseRfc3339(testing::internal::GetCapturedStderr().substr(0, 24)));
}

TEST(Log, TextFromOutsideCannotForgeALine) {
  EXPECT_EQ(printed([] {
              info("a", "b\n2026 error x: y", {{"k", "1\r\n\x1b[31m\"\\"}});
            }),
            " info  a: b\\n2026 error x: y k=\"1\\r\\n\\x1b[31m\\\"\\\\\"\n");
  EXPECT_EQ(printed([] {
              info("a", "b", {{"k", "\u0085\u2028\u2029\x7f"}});
            }),
            " info  a: b k=\"\\u0085\\u2028\\u2029\\x7f\"\n");
  EXPECT_EQ(printed([] {
              info("a", "b", {{"k", "\xff"}, {"e", ""}, {"q", "x=y"}, {"u", "é"}});
            }),
            " info  a: b k=\"\uFFFD\" e=\"\" q=\"x=y\" u=\"é\"\n");
}

TEST(Log, LevelsBelowTheThresholdAreSilent) {
  EXPECT_EQ(printed([] { debug("a", "hidden"); }), "");
  setLevel(Level::kDebug);
  EXPECT_EQ(printed([] { debug("a", "shown"); }), " debug a: shown\n");
  setLevel(Level::kError);
  EXPECT_EQ(printed([] { warn("a", "hidden"); }), "");
  setLevel(Level::kInfo);
}

TEST(Scrub, HidesEverySecretWhereverItStands) {
  addSecret("EAAGm0PX4ZCps");
  addSecret("EAAGm0PX4ZCps-longer");
  addSecret("p&ss w/rd");
  EXPECT_EQ(scrub("token EAAGm0PX4ZCps, EAAGm0PX4ZCps-longer!"), "token [secret], [secret]!");
  EXPECT_EQ(scrub("EAAGm0PX4ZCpsEAAGm0PX4ZCps"), "[secret][secret]");
  EXPECT_EQ(scrub("EAAGm0PX4ZCp"), "EAAGm0PX4ZCp");
  EXPECT_EQ(scrub("?key=p%26ss%20w%2Frd&x"), "?key=[secret]&x");
  EXPECT_EQ(printed([] {
              info("a", "is p&ss w/rd", {{"url", "https://x/?t=EAAGm0PX4ZCps"}});
            }),
            " info  a: is [secret] url=\"https://x/?t=[secret]\"\n");
}

TEST(Scrub, IgnoresSecretsThatWouldBlankInnocentText) {
  addSecret("");
  addSecret("hello");
  EXPECT_EQ(scrub("hello"), "hello");
}

}  // namespace
}  // namespace patchbay::log
