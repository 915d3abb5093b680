// Each rule of `patchbay check` against a connector that breaks this one and no other.
#include <gtest/gtest.h>

#include <sstream>

#include "connectors/check/check.hpp"
#include "connectors/check/probes.hpp"
#include "connectors/check/workbench.hpp"
#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

struct Bad {
  const char* way;      ///< of fixtures/bad
  const char* failure;  ///< the only line that fails
  const char* why;      ///< part of what is said
  const char* again;    ///< what --only is given
};
// The name of the test, instead of the bytes of the struct.
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.way;
}

class CheckRules : public testing::TestWithParam<Bad> {};

TEST_P(CheckRules, FindsIt) {
  const auto& bad = GetParam();
  if (SANITIZED && (std::string_view{bad.way} == "leaks" || std::string_view{bad.way} == "opens"))
    GTEST_SKIP() << "a sanitizer's allocator does not count, and its worker has no filter";
  CheckOptions options;
  options.library = std::string{BAD_LIBRARIES} + "/bad_" + bad.way + ".so";
  std::ostringstream out, err;
  EXPECT_EQ(runCheck(options, out, err), bad.failure == nullptr ? 0 : 1) << err.str();
  std::istringstream lines(out.str());
  std::vector<std::string> failures;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("FAIL  ")) failures.push_back(line.substr(6));
  if (bad.failure == nullptr) {
    EXPECT_TRUE(failures.empty()) << out.str();
    for (const auto rule : check::kRules)
      EXPECT_NE(out.str().find("ok    " + check::nameOf(rule) + "\n"), std::string::npos) << out.str();
    return;
  }
  EXPECT_EQ(failures, std::vector<std::string>{bad.failure}) << out.str();
  EXPECT_NE(out.str().find(bad.why), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("      again: patchbay check " + options.library + " --only " + bad.again + "\n"),
            std::string::npos)
      << out.str();
}

INSTANTIATE_TEST_SUITE_P(
    OneWay, CheckRules,
    testing::Values(
        Bad{"nothing", nullptr, "", ""},
        Bad{"leaks", "life cycle: 1,000 times create and destroy without growth", "the heap grew by", "library"},
        Bad{"descriptors", "life cycle: 1,000 times create and destroy without growth", "900 descriptors stayed open",
            "library"},
        Bad{"crashes", "garbage", "the connector crashed: Aborted\n      while: webhook: an empty object", "turns"},
        Bad{"deep", "garbage", "the connector crashed: Segmentation fault\n      while: webhook: brackets without end",
            "turns"},
        Bad{"bytes", "garbage: webhooks", "event refused: event is not JSON", "turns"},
        Bad{"kinds", "operations: an unknown kind is unsupported", "perform returned ok", "turns"},
        Bad{"endless", "garbage: answers of the provider", "no result after 16 steps", "turns"},
        Bad{"counts", "determinism: the same turn twice has the same effects, byte for byte",
            "webhook: an empty body: the same turn, run twice, had different effects", "turns"},
        Bad{"secret", "secrets: none in an effect", "the value of a secret is in the effect 'event'", "turns"},
        Bad{"egress", "egress: requests go to hosts that the manifest names", "https://elsewhere.example/1", "turns"},
        Bad{"again", "steps: the same when they are made again", "has other requests: 1", "turns"},
        Bad{"opens", "system calls: none beyond memory and the clock",
            "webhook: an empty body: the connector tried the system call openat, which its sandbox forbids", "turns"},
        Bad{"knows", "worker: the same effects as in process, byte for byte",
            "in a worker effect 1 of the turn is event", "turns"}),
    [](const auto& info) { return std::string{info.param.way}; });

TEST(CheckSignatures, AVerifierWithAHoleIsFound) {
  const auto library = std::string{BAD_LIBRARIES} + "/bad_nothing.so";
  const auto quiet = [](const std::string&) {};
  const Json config = {{"key", "check-text"}};
  const auto good = check::probeSignatures(library, config, quiet);
  ASSERT_EQ(good.size(), 1U);
  EXPECT_TRUE(good[0].passed) << good[0].why;
  // Believes whatever begins as the good body does.
  const auto hole =
      check::probeSignatures(library, config, quiet, [](Channel& channel, const Webhook& webhook, Timestamp now) {
        auto verdict = channel.verify(webhook, now);
        if (verdict.kind == Verdict::Kind::kRefused && webhook.body.starts_with("{\"check\":"))
          verdict.kind = Verdict::Kind::kPass;
        return verdict;
      });
  EXPECT_FALSE(hole[0].passed);
  EXPECT_NE(hole[0].why.find("of the body: still accepted"), std::string::npos) << hole[0].why;
}

TEST(CheckOnly, RunsWhatItNames) {
  Folder folder;
  folder.write("config.yaml", "key: made-up\n");
  folder.write("a.yaml", "name: the first\nsteps:\n  - receive: { body: x }\n    expect: { events: [ {} ] }\n");
  folder.write("b.yaml", "name: the second\nsteps:\n  - receive: { body: x }\n    expect: { events: [ {} ] }\n");
  CheckOptions options;
  options.library = std::string{BAD_LIBRARIES} + "/bad_nothing.so";
  options.transcripts = folder.path().string();
  options.only = "second";
  std::ostringstream out, err;
  EXPECT_EQ(runCheck(options, out, err), 0) << out.str() << err.str();
  EXPECT_EQ(out.str(), "ok    the second\n\n1 passed, 0 failed\n");
  options.only = "b.yaml";
  out.str("");
  EXPECT_EQ(runCheck(options, out, err), 0);
  EXPECT_EQ(out.str(), "ok    the second\n\n1 passed, 0 failed\n");
  options.only = "signatures";
  out.str("");
  EXPECT_EQ(runCheck(options, out, err), 0);
  EXPECT_TRUE(out.str().starts_with("ok    signature: hmac, ")) << out.str();
  options.only = "third";
  EXPECT_EQ(runCheck(options, out, err), 2);
  EXPECT_EQ(err.str(),
            "--only third: no transcript is called so; the probes are file, library, signatures and turns\n");
}

}  // namespace
}  // namespace patchbay::connectors::test
