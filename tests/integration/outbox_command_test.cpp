// `patchbay outbox`: what an admin sees and what the database then says.
#include "app/commands/outbox.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "app/commands/outbox_print.hpp"
#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::app {
namespace {

class OutboxCommandTest : public ::testing::Test {
 protected:
  OutboxCommandTest() : pool_({.url = database_.url()}, 2), tenants_(pool_) {
    tenants_.migrateAll();
    config_.database.url = database_.url();
    for (const char* slug : {"acme", "globex"}) EXPECT_TRUE(tenants_.initialize(slug, slug).ok());
  }

  /// A message in the outbox in that state.
  void message(const std::string& tenant, std::int64_t id, const std::string& state, const std::string& text = "Hello",
               const std::string& channel = "support") {
    const std::string schema = "tenant_" + tenant;
    const std::string dead = state == "failed" || state == "held" ? "now()" : "NULL";
    database_.query("INSERT INTO " + schema +
                    ".inbox_messages (id, conversation_id, direction, type, content, status, status_updated_at, "
                    "created_at, channel_name, ref, attempts) VALUES (" +
                    std::to_string(id) + ", 1, 'out', 'text', '" + text + "', '" +
                    (state == "failed" ? "failed" : "pending") + "', now(), now(), '" + channel +
                    "', gen_random_uuid(), 2) RETURNING 1");
    database_.query(
        "INSERT INTO " + schema +
        ".pb_outbox (message_id, channel_name, recipient, ref, operation, state, settled_at, last_error, "
        "expires_at, created_at) VALUES (" +
        std::to_string(id) + ", '" + channel + "', 'phone:+1555', gen_random_uuid(), '{}', '" + state + "', " + dead +
        ", '{\"class\": \"recipient\", \"code\": \"131026\", \"text\": \"Message undeliverable\"}', now() + "
        "interval '1 day', now() - interval '3 hours') RETURNING 1");
  }

  int run(CommandLine command) {
    out_.str("");
    err_.str("");
    return runOutbox(command, config_, out_, err_);
  }
  static CommandLine of(CommandKind kind, std::vector<std::int64_t> ids = {}) {
    CommandLine command;
    command.kind = kind;
    command.ids = std::move(ids);
    return command;
  }
  std::string status(const std::string& tenant, std::int64_t id) {
    return database_.query("SELECT status || ' ' || coalesce(error ->> 'class', '-') FROM tenant_" + tenant +
                           ".inbox_messages WHERE id = " + std::to_string(id));
  }

  testing::TestDatabase database_;
  db::Pool pool_;
  tenancy::Tenants tenants_;
  Config config_;
  std::ostringstream out_, err_;
};

TEST_F(OutboxCommandTest, ListsWhatIsDeadInAlignedColumns) {
  message("acme", 7, "failed");
  message("acme", 8, "queued");
  message("globex", 100, "held");
  EXPECT_EQ(run(of(CommandKind::kOutboxList)), kExitOk);
  EXPECT_EQ(out_.str(),
            "TENANT  MESSAGE  STATE   CHANNEL  RECIPIENT    TRIES  AGE  WHY\n"
            "acme    7        failed  support  phone:+1555  2      3h   recipient 131026: Message undeliverable\n"
            "globex  100      held    support  phone:+1555  2      3h   recipient 131026: Message undeliverable\n");
  auto pending = of(CommandKind::kOutboxList);
  pending.state = "pending";
  pending.json = true;
  EXPECT_EQ(run(pending), kExitOk);
  const Json list = parseJson(out_.str());
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["message_id"], 8);
  EXPECT_EQ(list[0]["state"], "queued");
}

TEST_F(OutboxCommandTest, SaysWhenThereIsMoreOrNothing) {
  EXPECT_EQ(run(of(CommandKind::kOutboxList)), kExitOk);
  EXPECT_EQ(out_.str(), "nothing\n");
  for (int id = 1; id <= 3; ++id) message("acme", id, "failed");
  auto two = of(CommandKind::kOutboxList);
  two.limit = 2;
  EXPECT_EQ(run(two), kExitOk);
  EXPECT_EQ(err_.str(), "there are more; --limit shows them\n");
  const std::string text = out_.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST_F(OutboxCommandTest, ShowsOneWithItsTriesAndNothingThatCouldCommandATerminal) {
  message("acme", 7, "failed", "Hi \x1b[2J there " + std::string(100, 'x'));
  database_.query(
      "INSERT INTO tenant_acme.pb_attempts (message_id, attempt, step, started_at, finished_at, phase, http_status, "
      "provider_code, text) VALUES (7, 1, 0, now(), now() + interval '120 ms', 'answered', 400, '131026', 'no') "
      "RETURNING "
      "1");
  EXPECT_EQ(run(of(CommandKind::kOutboxShow, {7})), kExitOk);
  EXPECT_EQ(out_.str().find('\x1b'), std::string::npos);
  for (const char* part : {"message 7 of tenant acme: failed", "recipient 131026: Message undeliverable", "120 ms",
                           "400 131026 no", "…\n", "may be sent twice  no"})
    EXPECT_NE(out_.str().find(part), std::string::npos) << part << "\n" << out_.str();
}

TEST_F(OutboxCommandTest, RetriesAndDropsInTheTenantsStream) {
  message("acme", 7, "failed");
  message("acme", 8, "held");
  EXPECT_EQ(run(of(CommandKind::kOutboxRetry, {7})), kExitOk);
  EXPECT_EQ(out_.str(), "1 message will be sent again\n");
  EXPECT_EQ(status("acme", 7), "pending -");
  EXPECT_EQ(database_.query("SELECT pending || ' ' || (available_at <= now()) FROM patchbay.send_queue"), "1 true");
  EXPECT_EQ(run(of(CommandKind::kOutboxDrop, {8})), kExitOk);
  EXPECT_EQ(status("acme", 8), "failed dropped");
  EXPECT_EQ(database_.query("SELECT string_agg(seq || ' ' || type, ', ' ORDER BY seq) FROM tenant_acme.pb_events"),
            "1 message.updated, 2 message.failed");
  EXPECT_EQ(database_.query("SELECT seq FROM tenant_acme.pb_stream"), "2");
}

TEST_F(OutboxCommandTest, AllOfAChannelAreRetried) {
  for (int id = 1; id <= 450; ++id) message("acme", id, id % 2 ? "failed" : "held");
  message("acme", 500, "failed", "other", "other");
  auto all = of(CommandKind::kOutboxRetry);
  all.all = true;
  all.channel = "support";
  EXPECT_EQ(run(all), kExitOk);
  EXPECT_EQ(out_.str(), "450 messages will be sent again\n");
  EXPECT_EQ(status("acme", 500), "failed -");
  EXPECT_EQ(database_.query("SELECT pending FROM patchbay.send_queue"), "450");
}

TEST_F(OutboxCommandTest, NamesWhatIsWrong) {
  EXPECT_EQ(run(of(CommandKind::kOutboxShow, {7})), kExitFailed);
  EXPECT_EQ(
      err_.str(),
      "patchbay: message 7 is not in the outbox: it was sent, dropped or never queued; patchbay outbox list shows "
      "what is\n");
  message("acme", 7, "failed");
  message("globex", 7, "failed");
  EXPECT_EQ(run(of(CommandKind::kOutboxDrop, {7})), kExitFailed);
  EXPECT_EQ(err_.str(), "patchbay: message 7 is in the outbox of 2 tenants (acme, globex): say which with --tenant\n");
  EXPECT_EQ(status("acme", 7), "failed -");
  auto named = of(CommandKind::kOutboxDrop, {7});
  named.tenant = "globex";
  EXPECT_EQ(run(named), kExitOk);
  EXPECT_EQ(database_.query("SELECT count(*) FROM tenant_globex.pb_outbox"), "0");
  named.tenant = "nobody";
  EXPECT_EQ(run(named), kExitFailed);
  EXPECT_EQ(err_.str(), "patchbay: there is no tenant 'nobody' in this database\n");
  message("acme", 9, "started");
  EXPECT_EQ(run(of(CommandKind::kOutboxRetry, {7, 9})), kExitFailed);
  EXPECT_EQ(err_.str(), "patchbay: Message 9 is being sent right now; wait until its fate is known.\n");
  EXPECT_EQ(out_.str(), "1 message will be sent again\n");
}

TEST(OneLine, CutsByCodePoints) {
  EXPECT_EQ(oneLine("äöü\n\x7f!", 10), "äöü  !");
  EXPECT_EQ(oneLine("ääääääääää", 5), "ääää…");
  EXPECT_EQ(oneLine("a\xc2\x9b"
                    "31m",
                    10),
            "a 31m");
}

}  // namespace
}  // namespace patchbay::app
