/// kill -9 while a channel is polled: no update is lost, none is there twice.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "integration/polling_fixture.hpp"

namespace patchbay::testing {
namespace {

/// Runs in a process of its own: polls until it is killed.
TEST(PollingChild, DISABLED_PollsUntilItIsKilled) {
  const char* database = std::getenv("PATCHBAY_POLLING_DATABASE");
  const char* authority = std::getenv("PATCHBAY_POLLING_AUTHORITY");
  ASSERT_TRUE(database != nullptr && authority != nullptr);
  PollingHost host({.database = database, .authority = authority, .lease = seconds{1}});
  host.start();
  std::this_thread::sleep_for(seconds{60});
}

pid_t spawnChild(const std::string& database, const std::string& authority) {
  // Not setenv(): threads are running, and any of them may read the environment.
  std::vector<std::string> variables = {"PATCHBAY_POLLING_DATABASE=" + database,
                                        "PATCHBAY_POLLING_AUTHORITY=" + authority};
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  for (auto& one : variables) environment.push_back(one.data());
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe", filter = "--gtest_filter=PollingChild.*",
              also = "--gtest_also_run_disabled_tests";
  std::array<char*, 4> arguments{program.data(), filter.data(), also.data(), nullptr};
  pid_t child = 0;
  return ::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments.data(), environment.data()) == 0 ? child
                                                                                                              : -1;
}

TEST_F(Polling, KilledBetweenFetchAndCommitNothingIsLostAndNothingTwice) {
  for (int i = 0; i < 50; ++i) updates_.add(100 + i, "text " + std::to_string(i));
  // The tenant's write lock is taken: the child fetches, begins to store, and waits.
  BlockedTenant blocked(database_.url());
  const pid_t child = spawnChild(database_.url(), updates_.authority());
  ASSERT_GT(child, 0);
  ASSERT_TRUE(storingWaits());
  ASSERT_EQ(updates_.offsets().size(), 1U);
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  // The server ends the child's session when it sees that nobody is there. It is waited for: a session that gets the
  // lock first may still commit.
  database_.query(
      "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = current_database() AND "
      "wait_event_type = 'Lock'");
  blocked.release();
  EXPECT_EQ(count(), "0");
  EXPECT_EQ(database_.query(kCursor), "");

  auto next = given();
  next.lease = seconds{1};
  PollingHost host(next);
  host.start();
  ASSERT_TRUE(becomes(kCount, "50"));
  ASSERT_TRUE(becomes(kCursor, "150"));
  EXPECT_EQ(updates_.offsets()[1], 0) << "from the cursor that was stored";
  EXPECT_EQ(database_.query("SELECT count(DISTINCT external_id) FROM tenant_acme.inbox_messages"), "50");
  EXPECT_EQ(database_.query("SELECT sum(message_count) FROM tenant_acme.inbox_conversations"), "50");
}

TEST_F(Polling, KilledAtAnyMomentNothingIsLostAndNothingTwice) {
  int number = 1000;
  for (int round = 0; round < 5; ++round) {
    const pid_t child = spawnChild(database_.url(), updates_.authority());
    ASSERT_GT(child, 0);
    const auto polls = updates_.offsets().size();
    for (int i = 0; i < 20; ++i) {
      updates_.add(number++, "text");
      if (i % 5 == 0) std::this_thread::sleep_for(milliseconds{17});
    }
    updates_.becomePolled(polls + 2 + static_cast<std::size_t>(round) * 3);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  auto next = given();
  next.lease = seconds{1};
  PollingHost host(next);
  host.start();
  ASSERT_TRUE(becomes(kCount, "100"));
  ASSERT_TRUE(becomes(kCursor, "1100"));
  EXPECT_EQ(database_.query("SELECT sum(message_count) FROM tenant_acme.inbox_conversations"), "100");
}

}  // namespace
}  // namespace patchbay::testing
