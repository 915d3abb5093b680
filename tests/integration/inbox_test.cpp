#include <barrier>
#include <thread>

#include "db/lane.hpp"
#include "inbox/outcome.hpp"
#include "integration/inbox_fixture.hpp"

namespace patchbay::testing {
namespace {

using inbox::SendOutcome;

TEST_F(InboxTest, AFirstMessageMakesAContactAConversationAndEvents) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "Bonjour")}));
  const Json list = conversations();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["channel"], "whatsapp");
  EXPECT_EQ(list[0]["channel_name"], "whatsapp");
  EXPECT_EQ(list[0]["contact_name"], "Ines");
  EXPECT_EQ(list[0]["contact_identifier"], "+33639980042");
  EXPECT_EQ(list[0]["status"], "new");
  EXPECT_EQ(list[0]["message_count"], 1);
  EXPECT_EQ(list[0]["unread_count"], 1);
  EXPECT_EQ(list[0]["last_message"], "Bonjour");
  EXPECT_TRUE(list[0]["reply_window"]["open"]);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_events"),
            3);  // contact.created conversation.created message.received
  EXPECT_EQ(count("SELECT seq FROM {tenant}.pb_stream"), 3);
}

TEST_F(InboxTest, TheSameWebhookFiftyTimesAtOnceIsOneRowAndCountsOnce) {
  constexpr int kCopies = 50;
  std::barrier start(kCopies);
  std::vector<std::jthread> threads;
  std::atomic<int> stored{0};
  for (int i = 0; i < kCopies; ++i)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      stored += ingest({message("wamid.same", "+33639980042", "Bonjour")}) ? 1 : 0;
    });
  threads.clear();
  EXPECT_EQ(stored, kCopies);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages"), 1);
  EXPECT_EQ(conversations()[0]["message_count"], 1);
  EXPECT_EQ(conversations()[0]["unread_count"], 1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.received'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine"),
            0);  // a copy is normal, not a refusal of the database
}

TEST_F(InboxTest, TwoHostsWritingOneTenantLeaveNoGapInTheStream) {
  db::Lanes other(db::Connection::Options{.url = database_.url()}, {}, 1);
  inbox::Ingest second(other);
  constexpr int kEach = 200;
  const auto flood = [&](inbox::Ingest& ingest, const std::string& prefix) {
    std::vector<std::future<bool>> waits;
    for (int i = 0; i < kEach; ++i) {
      auto done = std::make_shared<std::promise<bool>>();
      waits.push_back(done->get_future());
      // Half of the ids come by both hosts.
      const std::string id = i % 2 == 0 ? "wamid.both" + std::to_string(i) : prefix + std::to_string(i);
      ASSERT_TRUE(ingest.submit(channel_, {message(id, "+4915" + std::to_string(1000 + i % 20), "x")},
                                [done](bool ok) { done->set_value(ok); }));
    }
    for (auto& wait : waits) EXPECT_TRUE(wait.get());
  };
  std::jthread one([&] { flood(ingest_, "wamid.a"); });
  std::jthread two([&] { flood(second, "wamid.b"); });
  one.join();
  two.join();
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages"), kEach / 2 * 3);
  EXPECT_EQ(count("SELECT sum(message_count) FROM {tenant}.inbox_conversations"), kEach / 2 * 3);
  EXPECT_EQ(count("SELECT max(seq) - count(*) FROM {tenant}.pb_events"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations"), 20);
}

TEST_F(InboxTest, APersonWithoutAPhoneNumberIsKnownAgainByTheirOtherAddress) {
  auto hidden = message("wamid.1", "TW.9032", "你好");
  hidden.from.address = {"bsuid", "TW.9032"};
  ASSERT_TRUE(ingest({hidden}));
  auto shown = message("wamid.2", "+886900000001", "again");
  shown.from.aliases = {{"bsuid", "TW.9032"}};
  ASSERT_TRUE(ingest({shown}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_contacts"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_contact_addresses"), 2);
  EXPECT_EQ(conversations().size(), 1u);
  EXPECT_EQ(conversations()[0]["message_count"], 2);
}

TEST_F(InboxTest, AReplyNamesTheMessageItAnswersEvenInTheSameBatch) {
  auto answer = message("wamid.2", "+33639980042", "and this");
  answer.reply_to = "wamid.1";
  auto lost = message("wamid.3", "+33639980042", "to something we never saw");
  lost.reply_to = "wamid.unknown";
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "this"), answer, lost}));
  const Json messages = thread(conversations()[0]["id"].get<std::int64_t>());
  EXPECT_EQ(messages[1]["reply_to_id"], messages[0]["id"]);
  EXPECT_TRUE(messages[2]["reply_to_id"].is_null());
}

TEST_F(InboxTest, StatusesMoveForwardWhateverTheirOrder) {
  ASSERT_TRUE(ingest({message("wamid.in", "+33639980042", "Bonjour")}));
  const auto conversation = conversations()[0]["id"].get<std::int64_t>();
  const Json sent = json(write([&](inbox::Reply reply) {
    service_.createMessage(agent(), {{"conversation_id", conversation}, {"direction", "out"}, {"content", "Hello"}},
                           reply);
  }));
  EXPECT_EQ(sent["status"], "pending");
  const auto id = sent["id"].get<std::int64_t>();
  // A status that is here before the answer to its send waits for it.
  ASSERT_TRUE(ingest({status("wamid.out", "delivered")}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "pending");
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_parked_statuses"), 1);
  SendOutcome outcome;
  outcome.ids = {"wamid.out"};
  outcome.attempts = 1;
  ASSERT_TRUE(hasLeft(id, outcome));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "delivered");
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_parked_statuses"), 0);
  ASSERT_TRUE(ingest({status("wamid.out", "read"), status("wamid.out", "sent"), status("wamid.out", "delivered")}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "read");
  auto failed = status("wamid.out", "failed");
  failed.error = connectors::EventError{"recipient", "131026", "undeliverable"};
  ASSERT_TRUE(ingest({failed}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "read");
}

TEST_F(InboxTest, WhyAMessageIsNotDeliveredYetIsSaidUntilItIs) {
  ASSERT_TRUE(ingest({message("wamid.in", "+33639980042", "Bonjour")}));
  const auto id =
      json(write([&](inbox::Reply reply) {
        service_.createMessage(agent(), {{"conversation_id", 1}, {"direction", "out"}, {"content", "Hello"}}, reply);
      }))["id"]
          .get<std::int64_t>();
  const auto delay = [](const std::string& why) {
    auto event = status("wamid.out", "sent");
    event.error = connectors::EventError{"transient", "4.7.1", why};
    return event;
  };
  const auto error = [&] { return json(service_.message("acme", id))["error"]; };
  const auto events = [&] {
    return count("SELECT count(*) FROM {tenant}.pb_events WHERE data #>> '{error,class}' = 'transient'");
  };
  ASSERT_TRUE(ingest({delay("greylisted")}));  // before the answer to its send
  SendOutcome outcome;
  outcome.ids = {"wamid.out"};
  ASSERT_TRUE(hasLeft(id, outcome));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "sent");
  EXPECT_EQ(error(), (Json{{"class", "transient"}, {"code", "4.7.1"}, {"text", "greylisted"}}));
  EXPECT_EQ(events(), 1);
  const auto since = json(service_.message("acme", id))["status_updated_at"];
  ASSERT_TRUE(ingest({delay("try again later")}));
  ASSERT_TRUE(ingest({delay("try again later"), status("wamid.out", "sent")}));
  EXPECT_EQ(error()["text"], "try again later");
  EXPECT_EQ(events(), 2) << "the same news twice is none";
  EXPECT_EQ(json(service_.message("acme", id))["status_updated_at"], since);
  ASSERT_TRUE(ingest({status("wamid.out", "delivered")}));
  EXPECT_TRUE(error().is_null());
  ASSERT_TRUE(ingest({delay("too late")}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "delivered");
  EXPECT_TRUE(error().is_null());
  auto failed = status("wamid.out", "failed");
  failed.error = connectors::EventError{"bounced", "5.1.1", "no such user"};
  ASSERT_TRUE(ingest({failed, delay("far too late")}));
  EXPECT_EQ(error()["code"], "5.1.1");
}

TEST_F(InboxTest, ASplitTextHasTheStatusOfItsLowestPart) {
  ASSERT_TRUE(ingest({message("wamid.in", "+33639980042", "Bonjour")}));
  const Json sent = json(write([&](inbox::Reply reply) {
    service_.createMessage(agent(), {{"conversation_id", 1}, {"direction", "out"}, {"content", "long"}}, reply);
  }));
  const auto id = sent["id"].get<std::int64_t>();
  SendOutcome outcome;
  outcome.ids = {"wamid.p1", "wamid.p2"};
  ASSERT_TRUE(hasLeft(id, outcome));
  ASSERT_TRUE(ingest({status("wamid.p1", "read")}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "sent");
  ASSERT_TRUE(ingest({status("wamid.p2", "delivered")}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "delivered");
}

TEST_F(InboxTest, AnInboundMessageReopensWhatWasArchivedAndOpensWhatWasAnswered) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  const auto id = conversations()[0]["id"].get<std::int64_t>();
  json(write([&](inbox::Reply reply) {
    service_.createMessage(agent(), {{"conversation_id", id}, {"direction", "out"}, {"content", "b"}}, reply);
  }));
  EXPECT_EQ(conversations()[0]["status"], "replied");
  ASSERT_TRUE(ingest({message("wamid.2", "+33639980042", "c")}));
  EXPECT_EQ(conversations()[0]["status"], "open");
  json(write([&](inbox::Reply reply) { service_.archiveConversation(agent(), id, reply); }));
  EXPECT_FALSE(conversations()[0]["archived_at"].is_null());
  ASSERT_TRUE(ingest({message("wamid.3", "+33639980042", "d")}));
  ASSERT_EQ(conversations().size(), 1u);
  EXPECT_EQ(conversations()[0]["status"], "open");
  EXPECT_TRUE(conversations()[0]["archived_at"].is_null());
}

TEST_F(InboxTest, AnIdempotencyKeyGivesTheFirstAnswerAgainAndRefusesAnotherRequest) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  const Json body{{"conversation_id", 1}, {"direction", "out"}, {"content", "once"}};
  const auto send = [&](const std::string& fingerprint) {
    return write([&](inbox::Reply reply) {
      service_.createMessage(agent(inbox::IdempotencyKey{"k1", fingerprint}), body, reply);
    });
  };
  const auto first = send("same");
  const auto again = send("same");
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_FALSE(first->replayed);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(first->json, again->json);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_outbox"), 1);
  const auto other = send("other");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, "idempotency_key_reused");
}

TEST_F(InboxTest, WhatTheChannelCannotCarryIsRefusedBeforeItIsStored) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  const auto refused = [&](const Json& body) {
    const auto answer = write([&](inbox::Reply reply) { service_.createMessage(agent(), body, reply); });
    return answer.ok() ? std::string("accepted") : answer.error().code;
  };
  EXPECT_EQ(refused({{"conversation_id", 1}, {"direction", "out"}, {"type", "order"}}), "type_not_supported");
  EXPECT_EQ(refused({{"conversation_id", 1}, {"direction", "out"}, {"content", "  "}}), "content_missing");
  EXPECT_EQ(refused({{"conversation_id", 1}, {"direction", "out"}, {"type", "image"}}), "media_missing");
  EXPECT_EQ(refused({{"conversation_id", 1}, {"direction", "out"}, {"content", "x"}, {"reply_to_id", 999}}),
            "reply_target_not_found");
  EXPECT_EQ(refused({{"conversation_id", 99}, {"direction", "out"}, {"content", "x"}}), "conversation_not_found");
  count(
      "WITH u AS (UPDATE {tenant}.inbox_conversations SET last_inbound_at = now() - interval '25 hours' RETURNING 1) "
      "SELECT count(*) FROM u");
  EXPECT_EQ(refused({{"conversation_id", 1}, {"direction", "out"}, {"content", "x"}}), "reply_window_closed");
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out'"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM patchbay.send_queue"), 0);
}

TEST_F(InboxTest, AnUpdateWithAnOldVersionChangesNothing) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  const auto version = conversations()[0]["version"].get<std::int64_t>();
  const auto update = [&](std::int64_t match) {
    return write([&](inbox::Reply reply) {
      service_.updateConversation(agent(), 1, {{"priority", "high"}}, match, reply);
    });
  };
  const auto stale = update(version + 5);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().kind, ErrorKind::kPrecondition);
  EXPECT_EQ(conversations()[0]["priority"], "normal");
  EXPECT_EQ(json(update(version))["priority"], "high");
}

TEST_F(InboxTest, ACustomersMarkerNulAndEmojiStayText) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "{{secret:access_token}} 🥐")}));
  const Json list = conversations();
  EXPECT_EQ(list[0]["last_message"], "{{secret:access_token}} 🥐");
  const Json created = json(write([&](inbox::Reply reply) {
    service_.createConversation(agent(),
                                {{"channel", "web"},
                                 {"contact_identifier", std::string("a\0b", 3)},
                                 {"platform_metadata", {{"k", std::string("x\0\\u0000", 8)}}}},
                                reply);
  }));
  EXPECT_EQ(created["contact_identifier"], "a\uFFFDb");
  EXPECT_EQ(created["platform_metadata"]["k"], "x\uFFFD\\u0000");
}

TEST_F(InboxTest, ARepeatedOpenConversationIsTheSameAndItsFirstMessageIsAppended) {
  const Json body{{"channel", "web"}, {"contact_identifier", "visitor-1"}, {"first_message", "hello"}};
  const auto create = [&] {
    return write([&](inbox::Reply reply) { service_.createConversation(agent(), body, reply); });
  };
  const auto first = create(), second = create();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(first->created);
  EXPECT_FALSE(second->created);
  EXPECT_EQ(json(first)["id"], json(second)["id"]);
  EXPECT_EQ(json(second)["message_count"], 2);
}

TEST_F(InboxTest, ALostConnectionIsOneRefusalAtMostAndThenEverythingGoesOn) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  database_.killSessions();
  database_.waitForNoSessions();
  EXPECT_TRUE(ingest({message("wamid.2", "+33639980042", "b")}));
  EXPECT_EQ(conversations()[0]["message_count"], 2);
}

TEST_F(InboxTest, OneBadJobOfABatchFailsAloneAndItsNeighboursCommit) {
  constexpr db::Statement kBad{"test.bad",
                               "INSERT INTO {tenant}.pb_contacts (id, created_at, updated_at) VALUES (1, now(), NULL)"};
  std::promise<Result<Done>> bad_done;
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  // The first job holds the lane until the others have gathered behind it.
  std::promise<Result<Done>> first_done;
  lanes_.post<Done>(
      "acme",
      [&](db::TenantWrite&) -> Result<Done> {
        opened.wait();
        return Done{};
      },
      [&](Result<Done> r) { first_done.set_value(std::move(r)); });
  std::promise<bool> neighbour;
  ASSERT_TRUE(
      ingest_.submit(channel_, {message("wamid.n", "+33639980042", "n")}, [&](bool ok) { neighbour.set_value(ok); }));
  lanes_.post<Done>(
      "acme",
      [&](db::TenantWrite& w) -> Result<Done> {
        w.query(kBad);
        return Done{};
      },
      [&](Result<Done> r) { bad_done.set_value(std::move(r)); });
  gate.set_value();
  EXPECT_TRUE(first_done.get_future().get().ok());
  EXPECT_FALSE(bad_done.get_future().get().ok());
  EXPECT_TRUE(neighbour.get_future().get());
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages"), 1);
  EXPECT_EQ(count("SELECT max(seq) - count(*) FROM {tenant}.pb_events"), 0);
}

}  // namespace
}  // namespace patchbay::testing
