#include <gtest/gtest.h>

#include <sstream>

#include "api/contract.hpp"
#include "app/commands/status.hpp"
#include "app/commands/status_text.hpp"
#include "app/overdue_turns.hpp"
#include "app/status_report.hpp"

namespace patchbay::app {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Timestamp kNow = *parseRfc3339("2026-03-01T12:00:00Z");

HostState goodState() {
  HostState state;
  state.version = "1.2.3";
  state.started = kNow - hours{30};
  state.now = kNow;
  state.listeners = {{"public", "0.0.0.0", 8003, true, kNow + hours{24 * 20}},
                     {"internal", "127.0.0.1", 8004, false, {}}};
  metrics::DatabaseFigures figures;
  figures.up = true;
  figures.size_bytes = 12'345'678;
  figures.channels[{"acme", "support"}] = {3, 1, 0, 2, kNow - minutes{5}};
  state.database = std::make_shared<metrics::DatabaseFigures>(figures);
  state.tenants = {{"acme", "Acme Corporation"}, {"globex", "globex"}};
  auto stats = std::make_shared<connectors::ChannelStats>();
  stats->inbound(kNow - minutes{3});
  stats->failed(kNow - seconds{10}, "auth 190: the token\nhas expired");
  stats->refused(kNow - seconds{40}, "raw messages carry no signature\nat all");
  stats->refused(kNow - seconds{40} + std::chrono::milliseconds{999}, "a second one in the same second");
  state.channels = {{"acme", "support", "quiet", true, "", stats, kNow + minutes{2}, false},
                    {"acme", "sales", "quiet", false, "", std::make_shared<connectors::ChannelStats>(), {}, true}};
  state.channels[1].polls = true;
  auto& polled = *state.channels[1].stats;
  polled.polled(connectors::PollOutcome::kEmpty, kNow - minutes{3}, kNow);
  polled.polled(connectors::PollOutcome::kFailed, kNow - minutes{2}, kNow);
  polled.polled(connectors::PollOutcome::kFailed, kNow - minutes{1}, kNow + seconds{30});
  return state;
}

Json goodStatus() {
  return statusReport(goodState());
}

void expectLine(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
}

TEST(OverdueTurns, NameTheChannelWhoseConnectorDoesNotComeBack) {
  const auto state = goodState();
  auto& running = state.channels[1].stats->running;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(overdueTurns(state.channels, begun).empty());
  {
    const auto mark = running.begin(begun), later = running.begin(begun + seconds{10});
    EXPECT_TRUE(overdueTurns(state.channels, begun + kOverdueTurn - seconds{1}).empty());
    const auto reasons = overdueTurns(state.channels, begun + seconds{42});
    ASSERT_EQ(reasons.size(), 1U);
    expectLine(reasons[0], "acme/sales");
    expectLine(reasons[0], "'quiet' has not returned for 42 s");
    expectLine(reasons[0], "isolation: worker");
  }
  EXPECT_TRUE(overdueTurns(state.channels, begun + seconds{42}).empty());
}

TEST(Status, FitsItsDescription) {
  const api::Contract contract(api::builtInDocument(), {});
  for (const bool up : {true, false}) {
    auto state = goodState();
    if (!up) {
      state.database = std::make_shared<metrics::DatabaseFigures>();
      state.not_ready = {"database: it is away"};
      state.channels.push_back({"globex", "fax", "fax", true, "connector 'fax' is not there", nullptr, {}});
    }
    for (const auto& error :
         contract.checkResponse("getStatus", 200, "application/json", dumpJson(statusReport(state))))
      ADD_FAILURE() << error.pointer << " " << error.message;
  }
}

TEST(Status, IsReadableForPeople) {
  const std::string text = statusText(goodStatus(), kNow);
  expectLine(text, "patchbay 1.2.3, up 30 h, ready\n");
  expectLine(text, "0.0.0.0:8003, TLS, certificate expires in 20 days\n");
  expectLine(text, "127.0.0.1:8004\n");
  expectLine(text, "embedded, 12.3 MB\n");
  expectLine(text, "    polls: last 3 min ago, 2 failures in a row, again in 30 s\n");
  expectLine(text, "\nacme (Acme Corporation)\n");
  expectLine(text, "  support  quiet  enabled   in 3 min ago  out never  3 pending, 1 unknown (oldest 5 min ago)\n");
  expectLine(text, "paused: sends again in 2 min\n");
  expectLine(text, "quarantine: 2 webhooks could not be read\n");
  expectLine(text, "last error 10 s ago: auth 190: the token has expired\n");
  expectLine(text, "last webhook refused 40 s ago: raw messages carry no signature at all\n");
  expectLine(text, "  sales    quiet  disabled");
  expectLine(text, "\nglobex\n  no channels\n");
  EXPECT_TRUE(isHealthy(goodStatus()));
}

TEST(Status, SaysWhyTheHostIsNotReady) {
  auto state = goodState();
  state.not_ready = {"database: connection refused"};
  state.database = std::make_shared<metrics::DatabaseFigures>();
  const auto status = statusReport(state);
  const std::string text = statusText(status, kNow);
  expectLine(text, "NOT READY\n  because database: connection refused\n");
  expectLine(text, "embedded, DOES NOT ANSWER");
  expectLine(text, "queue not known");
  EXPECT_FALSE(isHealthy(status));
}

TEST(Status, AChannelThatCouldNotBeStartedIsNotWell) {
  auto state = goodState();
  state.channels[0].why_off = "library is broken";
  const auto status = statusReport(state);
  expectLine(statusText(status, kNow), "OFF\n      why: library is broken\n");
  EXPECT_FALSE(isHealthy(status));
}

TEST(Status, TimesAreHuman) {
  EXPECT_EQ(humanDuration(seconds{119}), "119 s");
  EXPECT_EQ(humanDuration(seconds{120}), "2 min");
  EXPECT_EQ(humanDuration(hours{2}), "2 h");
  EXPECT_EQ(humanDuration(hours{49}), "2 days");
  EXPECT_EQ(humanTime("2026-03-01T11:59:18Z", kNow), "42 s ago");
  EXPECT_EQ(humanTime("2026-03-01T12:05:00Z", kNow), "in 5 min");
  EXPECT_EQ(humanTime(Json(), kNow), "never");
  EXPECT_EQ(humanTime("yesterday", kNow), "never");
  EXPECT_EQ(humanSize(999), "999 bytes");
  EXPECT_EQ(humanSize(1500), "1.5 kB");
  EXPECT_EQ(humanSize(2'500'000'000), "2.5 GB");
}

TEST(StatusCommand, FindsTheInternalListener) {
  CommandLine command;
  EXPECT_EQ(internalUrl(command, {true, "0.0.0.0", 8004}), "http://127.0.0.1:8004");
  EXPECT_EQ(internalUrl(command, {true, "10.0.0.1", 1}), "http://10.0.0.1:1");
  EXPECT_EQ(internalUrl(command, {true, "::", 8004}), "http://[::1]:8004");
  EXPECT_EQ(internalUrl(command, {false, "127.0.0.1", 8004}), "");
  command.url = "http://host:99";
  EXPECT_EQ(internalUrl(command, {false, "127.0.0.1", 8004}), "http://host:99");
}

TEST(StatusCommand, SaysHowItTriedWhenNobodyAnswers) {
  CommandLine command;
  command.url = "http://127.0.0.1:1";
  std::ostringstream out, err;
  EXPECT_EQ(runStatus(command, {}, out, err), kExitFailed);
  EXPECT_EQ(out.str(), "");
  expectLine(err.str(), "no answer from http://127.0.0.1:1/status");
  Config off;
  off.internal.enabled = false;
  EXPECT_EQ(runStatus({}, off, out, err), kExitFailed);
  expectLine(err.str(), "internal.enabled");
}

}  // namespace
}  // namespace patchbay::app
