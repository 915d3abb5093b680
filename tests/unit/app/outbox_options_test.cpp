// `patchbay outbox ...` on the command line.
#include <gtest/gtest.h>

#include "app/options.hpp"

namespace patchbay::app {
namespace {

CommandLine parsedOutbox(const std::vector<std::string>& arguments) {
  auto result = parseOptions(arguments);
  EXPECT_EQ(result.error, "");
  return result.command;
}

std::string error(const std::vector<std::string>& arguments) {
  const auto text = parseOptions(arguments).error;
  return text.substr(0, text.find('\n'));
}

TEST(OutboxOptions, ListTakesTenantChannelStateAndLimit) {
  const auto line = parsedOutbox(
      {"outbox", "list", "--tenant", "acme", "--channel=support", "--state", "held", "--limit", "5", "--json"});
  EXPECT_EQ(line.kind, CommandKind::kOutboxList);
  EXPECT_EQ(line.tenant, "acme");
  EXPECT_EQ(line.channel, "support");
  EXPECT_EQ(line.state, "held");
  EXPECT_EQ(line.limit, 5);
  EXPECT_TRUE(line.json);
}

TEST(OutboxOptions, RetryAndDropTakeIdsOrAllOfAChannel) {
  EXPECT_EQ(parsedOutbox({"outbox", "retry", "17", "18"}).ids, (std::vector<std::int64_t>{17, 18}));
  EXPECT_TRUE(parsedOutbox({"outbox", "drop", "--all", "--channel", "support"}).all);
  EXPECT_EQ(error({"outbox", "retry"}), "patchbay: which messages? give their ids, or --all --channel NAME");
  EXPECT_EQ(error({"outbox", "drop", "--all"}), "patchbay: --all needs --channel: whose messages?");
  EXPECT_EQ(error({"outbox", "drop", "--all", "--channel", "support", "3"}),
            "patchbay: --all and ids of messages do not go together");
  EXPECT_EQ(error({"outbox", "retry", "3", "--channel", "support"}), "patchbay: --channel goes with --all");
}

TEST(OutboxOptions, SaysWhatIsWrongWithAValue) {
  EXPECT_NE(error({"outbox", "show", "abc"}).find("must be the id of a message"), std::string::npos);
  EXPECT_NE(error({"outbox", "show"}).find("the id of a message"), std::string::npos);
  EXPECT_NE(error({"outbox", "list", "--state", "lost"}).find("failed, held, pending or unknown"), std::string::npos);
  EXPECT_NE(error({"outbox", "list", "--limit", "0"}).find("from 1 to 100000"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::app
