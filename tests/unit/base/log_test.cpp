#include "base/log.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/crypto.hpp"
#include "base/text.hpp"
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

TEST(Log, ALongTextEndsWithANoteAndInAWholeCharacter) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "\u00e9";
  const std::string line = printed([&] { info("a", "b", {{"k", text}}); });
  EXPECT_LT(line.size(), 2200U);
  EXPECT_NE(line.find("\u00e9... (6000 bytes)"), std::string::npos) << line;
  addSecret("cut-in-half-secret");
  const std::string cut = printed([&] { info("a", "b", {{"k", std::string(2040, 'x') + "cut-in-half-secret"}}); });
  EXPECT_EQ(cut.find("cut-in"), std::string::npos) << cut;
}

/// The object of the one line that `action` prints as JSON.
template <class Action>
Json printedJson(Action action) {
  setFormat(Format::kJson);
  testing::internal::CaptureStderr();
  action();
  const std::string out = testing::internal::GetCapturedStderr();
  setFormat(Format::kText);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1) << out;
  EXPECT_TRUE(out.ends_with("}\n")) << out;
  return Json::parse(out);
}

TEST(JsonLog, IsOneObjectPerLine) {
  auto line = printedJson([] {
    warn("edge", "request refused",
         {{"why", "two \"Host\"\n\\headers"}, {"port", 8003}, {"last", true}, {"ratio", 0.5}});
  });
  EXPECT_TRUE(parseRfc3339(line.at("time").get<std::string>()));
  line.erase("time");
  EXPECT_EQ(line, (Json{{"level", "warn"},
                        {"component", "edge"},
                        {"message", "request refused"},
                        {"why", "two \"Host\"\n\\headers"},
                        {"port", 8003},
                        {"last", true},
                        {"ratio", "0.500000"}}));
}

TEST(JsonLog, EveryByteFromOutsideMakesAPrintableLine) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  setFormat(Format::kJson);
  testing::internal::CaptureStderr();
  info(all, all, {{"k", all}, {"bidi", "\u202Eabc\u2066"}});
  const std::string out = testing::internal::GetCapturedStderr();
  setFormat(Format::kText);
  for (const char c : out.substr(0, out.size() - 1)) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  EXPECT_EQ(out.find("\u202E"), std::string::npos);
  const auto line = Json::parse(out);
  EXPECT_EQ(line.at("bidi"), "\u202Eabc\u2066") << "escaped, not lost";
  EXPECT_EQ(line.at("k"), cleanText(all));
}

TEST(JsonLog, CarriesTheIdsOfTheWorkInHand) {
  const std::string request = "req-1", tenant = "acme";
  const Scope outer({.request_id = request, .tenant = tenant});
  auto line = printedJson([] {
    const Scope inner({.channel = "support", .message_id = 42});
    info("a", "b", {{"reason", "none"}});
  });
  EXPECT_EQ(line.at("request_id"), "req-1");
  EXPECT_EQ(line.at("tenant"), "acme");
  EXPECT_EQ(line.at("channel"), "support");
  EXPECT_EQ(line.at("message_id"), 42);
  EXPECT_FALSE(line.contains("trace_id"));
  line = printedJson([] { info("a", "b", {{"tenant", "globex"}}); });
  EXPECT_EQ(line.at("tenant"), "globex") << "what the line itself says goes first";
  EXPECT_FALSE(line.contains("channel")) << "the inner scope has ended";
}

TEST(Log, TextHasTheIdsBehindTheFields) {
  const Scope scope({.request_id = "r", .tenant = "acme", .message_id = 7});
  EXPECT_EQ(printed([] { info("a", "b", {{"k", 1}}); }), " info  a: b k=1 request_id=r tenant=acme message_id=7\n");
}

/// Standard error as a pipe that nobody reads until asked.
class StderrPipe {
 public:
  StderrPipe() : kept_(dup(STDERR_FILENO)) {
    EXPECT_EQ(pipe(ends_.data()), 0);
    dup2(ends_[1], STDERR_FILENO);
    close(ends_[1]);
  }
  ~StderrPipe() {
    dup2(kept_, STDERR_FILENO);
    close(kept_);
    if (ends_[0] >= 0) close(ends_[0]);
  }
  /// Until `end` has come, or all writers have gone.
  std::string readUntil(std::string_view end) {
    std::array<char, 65536> part{};
    std::string text;
    while (text.find(end) == std::string::npos) {
      const ssize_t size = ::read(ends_[0], part.data(), part.size());
      if (size <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  void stopReading() { close(std::exchange(ends_[0], -1)); }

 private:
  int kept_;
  std::array<int, 2> ends_{};
};

TEST(BackgroundLog, NeverWaitsForItsReaderAndSaysWhatItDropped) {
  StderrPipe pipe;
  const Stats before = stats();
  const Background background;
  // Much more than the pipe and the queue hold. With a caller that waits, this would not end.
  const std::string filling(1000, 'x');
  for (int i = 0; i < 10000; ++i) info("test", filling);
  error("test", "an error still fits");
  const Stats after = stats();
  EXPECT_GT(after.dropped[1], before.dropped[1]);
  EXPECT_EQ(after.dropped[3], before.dropped[3]);
  EXPECT_EQ(after.lines[1] - before.lines[1] + after.dropped[1] - before.dropped[1], 10000U);
  const std::string all = pipe.readUntil("lines were dropped");
  EXPECT_NE(all.find("an error still fits"), std::string::npos);
  EXPECT_NE(all.find("lines were dropped"), std::string::npos);
}

TEST(BackgroundLog, WritesWhatWaitsWhenItEnds) {
  StderrPipe pipe;
  {
    const Background background;
    for (int i = 0; i < 100; ++i) debug("test", "hidden");
    for (int i = 0; i < 100; ++i) info("test", "line " + std::to_string(i) + ".");
  }
  const std::string all = pipe.readUntil("line 99.");
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 100) << "all, in order, and nothing twice";
}

TEST(BackgroundLog, AnErrorIsOutBeforeACrash) {
  StderrPipe pipe;
  const pid_t child = fork();
  if (child == 0) {
    const Background background;
    info("test", "what led to it");
    error("test", "the last words");
    _exit(3);  // nothing is flushed
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  const std::string all = pipe.readUntil("the last words");
  EXPECT_LT(all.find("what led to it"), all.find("the last words"));
}

TEST(BackgroundLog, OutlivesItsReader) {
  StderrPipe pipe;
  const auto pipe_signal = signal(SIGPIPE, SIG_IGN);
  const Stats before = stats();
  {
    const Background background;
    pipe.stopReading();
    error("test", "to nobody");
  }
  EXPECT_EQ(stats().dropped[3], before.dropped[3] + 1);
  signal(SIGPIPE, pipe_signal);
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

TEST(Scrub, HidesWhatASecretLooksLikeInOtherEncodings) {
  const std::string secret = "Zq7?k/\"w v+L\n\xC3\xA9!";
  addSecret(secret);
  const auto hidden = [](const std::string& text) { return scrub("<" + text + ">"); };
  EXPECT_EQ(hidden("Zq7%3Fk%2F%22w%20v%2BL%0A%C3%A9%21"), "<[secret]>");
  EXPECT_EQ(hidden("Zq7%3fk%2f%22w%20v%2bL%0a%c3%a9%21"), "<[secret]>");
  EXPECT_EQ(hidden("Zq7%3Fk%2F%22w+v%2BL%0A%C3%A9!"), "<[secret]>") << "a form";
  EXPECT_EQ(hidden("Zq7%3Fk/%22w%20v+L%0A%C3%A9!"), "<[secret]>") << "a path";
  EXPECT_EQ(hidden(Json(secret).dump()), "<\"[secret]\">");
  EXPECT_EQ(hidden(Json(secret).dump(-1, ' ', true)), "<\"[secret]\">");
  EXPECT_EQ(hidden("Zq7?k\\/\\\"w v+L\\n\\u00e9!"), "<[secret]>") << "JSON with an escaped slash";
  EXPECT_EQ(hidden("5a71373f6b2f2277"), "<5a71373f6b2f2277>") << "a part is not the whole";
  EXPECT_EQ(hidden("5a71373f6b2f227720762b4c0ac3a921"), "<[secret]>");
  EXPECT_EQ(hidden("5A71373F6B2F227720762B4C0AC3A921"), "<[secret]>");
}

TEST(Scrub, HidesASecretInTheMiddleOfBase64) {
  const std::string secret = "hunter2-hunter2?>~";
  addSecret(secret);
  for (const std::string before : {"", "a", "ab", "abc", "user:"})
    for (const std::string after : {"", "z", "zz"}) {
      const std::string encoded = crypto::base64Encode(before + secret + after);
      const std::string text = scrub("Basic " + encoded);
      EXPECT_NE(text.find("[secret]"), std::string::npos) << encoded;
      // At most the characters that also hold bits of a neighbour remain.
      EXPECT_LE(text.size() - std::string_view("Basic [secret]").size(), (before.size() + after.size() + 2) * 4 / 3 + 4)
          << text;
    }
}

TEST(Scrub, KeepsASecretHiddenAfterItWasReplaced) {
  addSecret("first-generation");
  addSecret("second-generation");
  EXPECT_EQ(scrub("first-generation second-generation"), "[secret] [secret]");
}

TEST(Scrub, FindsEachOfThousands) {
  for (int i = 0; i < 2000; ++i) addSecret("many-secrets-" + std::to_string(i) + "-" + std::to_string(i * 7919));
  EXPECT_EQ(scrub("many-secrets-1999-15830081 many-secrets-0-0 many-secrets-5"), "[secret] [secret] many-secrets-5");
}

TEST(Scrub, IgnoresSecretsThatWouldBlankInnocentText) {
  addSecret("");
  addSecret("hello");
  EXPECT_EQ(scrub("hello"), "hello");
}

}  // namespace
}  // namespace patchbay::log
