// What has failed or is held, what left in part, and what a person can do about it.
#include "inbox/dead_letters.hpp"

#include <gtest/gtest.h>

#include <latch>

#include "delivery/send_store.hpp"
#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using namespace std::chrono_literals;

const Script kClose = [](const std::string&) { return std::optional<std::string>(); };
const std::string kLong = std::string(4090, 'a') + " " + std::string(4090, 'b');  // two messages at the provider

Script refuse(int status, std::string body = "{}") {
  return [=](const std::string&) { return std::optional(Provider::refused(status, body)); };
}

class DeadLettersTest : public DeliveryTest {
 protected:
  const db::Actor admin_{"system", "", "patchbay outbox"};

  std::string sendAgain(std::int64_t id) {
    const auto done = lanes_.call<Done>(
        "acme", [&](db::TenantWrite& write) { return inbox::sendAgain(write, admin_, id); }, kPatience);
    if (dispatcher_) dispatcher_->wake();
    return done.ok() ? "done" : done.error().code;
  }
  std::string drop(std::int64_t id) {
    const auto done = lanes_.call<Done>(
        "acme", [&](db::TenantWrite& write) { return inbox::dropMessage(write, admin_, id); }, kPatience);
    return done.ok() ? "done" : done.error().code;
  }
  std::vector<inbox::OutboxEntry> list(inbox::OutboxQuery wanted = {}) {
    return inbox::outboxEntries(*pool_.lease(), *db::SchemaName::fromSlug("acme"), wanted);
  }
  /// Every event has its number, none is left out: what readers of the stream rely on.
  void expectGaplessStream() {
    EXPECT_EQ(query("SELECT count(*) = max(seq) AND max(seq) = (SELECT seq FROM {tenant}.pb_stream) FROM "
                    "{tenant}.pb_events"),
              "t");
  }
};

TEST_F(DeadLettersTest, WhatHasFailedIsKeptAndGoesAgainOnAPersonsWord) {
  provider_.next(refuse(400, R"({"error":{"code":131026,"message":"Message undeliverable"}})"));
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(statusBecomes(id, "failed"));
  const auto dead = list();
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].message_id, id);
  EXPECT_EQ(dead[0].state, "failed");
  EXPECT_EQ(dead[0].recipient, "phone:+15550100");
  EXPECT_NE(dead[0].error.find("131026"), std::string::npos);
  EXPECT_TRUE(dead[0].settled_at.has_value());
  const auto first_ref = field(id, "ref");

  EXPECT_EQ(sendAgain(id), "done");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_TRUE(queueBecomesEmpty());
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(field(id, "possible_duplicate"), "f");
  EXPECT_EQ(field(id, "error"), "");
  EXPECT_EQ(provider_.requests().size(), 2U);
  EXPECT_EQ(query("SELECT string_agg(type, ' ' ORDER BY seq) FROM {tenant}.pb_events"),
            "message.failed message.updated message.sent");
  expectGaplessStream();
  EXPECT_EQ(inbox::attemptsOf(*pool_.lease(), *db::SchemaName::fromSlug("acme"), id).size(), 2U);
}

TEST_F(DeadLettersTest, AHeldMessageThatGoesAgainSaysThatItMayComeTwice) {
  provider_.next(kClose);
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "held"));
  const auto ref = field(id, "ref");
  EXPECT_EQ(sendAgain(id), "done");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(field(id, "possible_duplicate"), "t");
  EXPECT_EQ(field(id, "ref"), ref) << "so that the provider, or a status, can tell";
  EXPECT_EQ(provider_.requests().size(), 2U);
}

TEST_F(DeadLettersTest, WhatLeftInPartIsFailedWithItsIdsAndOnlyTheRestGoesAgain) {
  provider_.next([](const std::string&) { return std::optional(Provider::accepted()); });
  provider_.next(refuse(400, R"({"error":{"code":131026,"message":"Message undeliverable"}})"));
  start();
  const auto id = send("+15550100", kLong);
  ASSERT_TRUE(statusBecomes(id, "failed"));
  EXPECT_EQ(field(id, "error ->> 'code'"), "131026");
  EXPECT_EQ(field(id, "error ->> 'text'").rfind("only a part of it was sent (1): ", 0), 0U);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_message_parts"), "1") << "statuses of it still find the message";
  EXPECT_EQ(dispatcher_->stats().attempts.at("partial"), 1U);

  EXPECT_EQ(sendAgain(id), "done");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(countContaining(provider_.requests(), "aaaa"), 1U) << "the part that was sent is not repeated";
  EXPECT_EQ(countContaining(provider_.requests(), "bbbb"), 2U);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_message_parts"), "2");
  EXPECT_EQ(field(id, "possible_duplicate"), "f");
}

TEST_F(DeadLettersTest, APartThatMayComeAgainComesAgainAloneAndTheOthersKeepTheirIds) {
  std::string parts_meanwhile;
  provider_.next([](const std::string&) { return std::optional(Provider::accepted()); });
  provider_.next(refuse(503));
  provider_.next([&](const std::string&) {
    parts_meanwhile = query("SELECT count(*) FROM {tenant}.pb_message_parts");
    return std::optional(Provider::accepted());
  });
  start();
  const auto id = send("+15550100", kLong);
  ASSERT_TRUE(statusBecomes(id, "sent"));
  dispatcher_.reset();
  EXPECT_EQ(parts_meanwhile, "1") << "a status of the first part must find it before the second has left";
  EXPECT_EQ(countContaining(provider_.requests(), "aaaa"), 1U);
  EXPECT_EQ(countContaining(provider_.requests(), "bbbb"), 2U);
}

TEST_F(DeadLettersTest, DropsWhatIsHeldOrWaitsAndTellsIt) {
  provider_.next(kClose);
  start();
  const auto held = send("+15550100", "held");
  ASSERT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "held"));
  dispatcher_.reset();
  const auto waiting = send("+15550100", "waiting");
  EXPECT_EQ(drop(held), "done");
  EXPECT_EQ(drop(waiting), "done");
  EXPECT_EQ(drop(waiting), "not_in_outbox");
  EXPECT_EQ(drop(4711), "message_not_found");
  for (const auto id : {held, waiting}) {
    EXPECT_EQ(field(id, "status"), "failed");
    EXPECT_EQ(field(id, "error ->> 'class'"), "dropped");
  }
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_outbox"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.send_queue"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.failed'"), "2");
  expectGaplessStream();
}

TEST_F(DeadLettersTest, AFailureThatIsDroppedKeepsTheProvidersWords) {
  provider_.next(refuse(400, R"({"error":{"code":131026,"message":"Message undeliverable"}})"));
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(statusBecomes(id, "failed"));
  EXPECT_EQ(drop(id), "done");
  EXPECT_EQ(field(id, "error ->> 'code'"), "131026");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_outbox"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.failed'"), "1");
}

TEST_F(DeadLettersTest, WhatIsOnTheWireCanNeitherBeDroppedNorSentAgain) {
  std::latch released(1);
  provider_.next([&](const std::string&) {
    released.wait();
    return std::optional(Provider::accepted());
  });
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_EQ(drop(id), "under_way");
  EXPECT_EQ(sendAgain(id), "under_way");
  released.count_down();
  EXPECT_TRUE(statusBecomes(id, "sent"));
}

TEST_F(DeadLettersTest, WhatWasDroppedWhileItsRecipientWasLeasedIsNotSent) {
  const auto id = send("+15550100", "Hello");
  // A dispatcher has leased the recipient and read the row, and has not begun.
  const auto token = database_.query(
      "UPDATE patchbay.send_queue SET lease_token = gen_random_uuid(), leased_until = now() + interval '1 min' "
      "RETURNING lease_token");
  const auto outbox_id = std::stoll(query("SELECT id FROM {tenant}.pb_outbox"));
  query("UPDATE {tenant}.pb_outbox SET state = 'failed', settled_at = now() RETURNING 1");
  delivery::BeginItem begin;
  begin.lease = {"acme", "support", "phone:+15550100", token};
  begin.outbox_id = outbox_id;
  begin.message_id = id;
  const auto begun = lanes_.call<std::int64_t>(
      "acme",
      [&](db::TenantWrite& write) -> Result<std::int64_t> {
        return delivery::beginSteps(write, {&begin}, now() + 1min).at(0);
      },
      kPatience);
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(*begun, 0);
}

TEST_F(DeadLettersTest, ListsByStateAndChannelInOrder) {
  const auto first = send("+15550100", "first");
  const auto second = send("+15550101", "second");
  query("UPDATE {tenant}.pb_outbox SET state = 'held' WHERE message_id = " + std::to_string(first) + " RETURNING 1");
  EXPECT_EQ(list().size(), 1U);
  EXPECT_EQ(list({.states = {"queued"}}).at(0).message_id, second);
  EXPECT_EQ(list({.states = {"queued", "held"}}).size(), 2U);
  EXPECT_EQ(list({.states = {"queued", "held"}, .after = first}).size(), 1U);
  EXPECT_EQ(list({.channel = "other"}).size(), 0U);
  EXPECT_EQ(list({.states = {"queued", "held"}, .limit = 1}).at(0).message_id, first);
}

TEST_F(DeadLettersTest, OldFailuresGoWithNewOnes) {
  provider_.otherwise(refuse(400));
  start();
  const auto old = send("+15550100", "old");
  ASSERT_TRUE(statusBecomes(old, "failed"));
  ASSERT_TRUE(queueBecomesEmpty());
  query("UPDATE {tenant}.pb_outbox SET settled_at = now() - interval '31 days' RETURNING 1");
  ASSERT_TRUE(statusBecomes(send("+15550100", "new"), "failed"));
  EXPECT_TRUE(becomes("SELECT count(*) FROM {tenant}.pb_outbox", "1"));
}

}  // namespace
}  // namespace patchbay::testing
