// POST messages/{id}/retry, below HTTP: what may be sent again, and as what.
#include <gtest/gtest.h>

#include "integration/inbox_fixture.hpp"

namespace patchbay::testing {
namespace {

using inbox::SendOutcome;

class RetryTest : public InboxTest {
 protected:
  /// An answer to somebody who has just written. @return the message's id
  std::int64_t answer() {
    EXPECT_TRUE(ingest({message("wamid.in", "+33639980042", "Bonjour")}));
    conversation_ = conversations()[0]["id"].get<std::int64_t>();
    return json(write([&](inbox::Reply reply) {
             service_.createMessage(
                 agent(), {{"conversation_id", conversation_}, {"direction", "out"}, {"content", "Hello"}}, reply);
           }))["id"]
        .get<std::int64_t>();
  }
  void outbox(const std::string& change) {
    database_.query("UPDATE tenant_acme.pb_outbox SET " + change + " RETURNING 1");
  }
  Result<inbox::Document> retry(std::int64_t id) {
    return write([&](inbox::Reply reply) { service_.retryMessage(agent(), id, reply); });
  }
  std::string refusal(std::int64_t id) {
    const auto answer = retry(id);
    return answer.ok() ? "sent again" : answer.error().code;
  }

  std::int64_t conversation_ = 0;
};

TEST_F(RetryTest, AMessageThatTheProviderRefusedAfterItHadLeftIsMadeAnew) {
  const auto id = answer();
  SendOutcome sent;
  sent.ids = {"wamid.out"};
  sent.attempts = 1;
  ASSERT_TRUE(hasLeft(id, sent));
  auto failed = status("wamid.out", "failed");
  failed.error = connectors::EventError{"recipient", "131026", "undeliverable"};
  ASSERT_TRUE(ingest({failed}));
  ASSERT_EQ(json(service_.message("acme", id))["status"], "failed");

  bool woken = false;
  service_.onQueued([&] { woken = true; });
  const Json again = json(retry(id));
  EXPECT_EQ(again["status"], "pending");
  EXPECT_TRUE(again["error"].is_null());
  EXPECT_TRUE(woken);
  EXPECT_EQ(
      count("SELECT count(*) FROM {tenant}.pb_outbox o JOIN {tenant}.inbox_messages m ON m.ref = o.ref AND m.id = "
            "o.message_id WHERE o.operation ->> 'text' = 'Hello' AND o.operation ->> 'ref' = o.ref::text AND "
            "o.recipient = 'phone:+33639980042'"),
      1);
  // Late news about the first one is no news about this one.
  ASSERT_TRUE(ingest({failed}));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "pending");
  sent.ids = {"wamid.second"};
  ASSERT_TRUE(hasLeft(id, sent));
  EXPECT_EQ(json(service_.message("acme", id))["status"], "sent");
}

TEST_F(RetryTest, OnlyWhatHasFailedOrIsHeldGoesAgain) {
  const auto id = answer();
  EXPECT_EQ(refusal(id), "not_retryable") << "it waits";
  EXPECT_EQ(refusal(4711), "message_not_found");
  EXPECT_EQ(refusal(id - 1), "not_retryable") << "inbound";
  outbox("state = 'held', settled_at = now()");
  const Json again = json(retry(id));
  EXPECT_EQ(again["status"], "pending");
  EXPECT_EQ(again["possible_duplicate"], true);
  EXPECT_EQ(refusal(id), "not_retryable");
  SendOutcome sent;
  sent.ids = {"wamid.out"};
  ASSERT_TRUE(hasLeft(id, sent));
  EXPECT_EQ(refusal(id), "not_retryable") << "it was sent";
}

TEST_F(RetryTest, ARepeatOfTheRequestChangesNothing) {
  const auto id = answer();
  outbox("state = 'failed', settled_at = now()");
  const std::string fingerprint(32, 'f');
  const auto once = [&] {
    return write([&](inbox::Reply reply) {
      service_.retryMessage(agent(inbox::IdempotencyKey{"retry-1", fingerprint}), id, reply);
    });
  };
  ASSERT_TRUE(once().ok());
  const auto repeat = once();
  ASSERT_TRUE(repeat.ok());
  EXPECT_TRUE(repeat->replayed);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.updated' AND data ->> 'status' = "
                  "'pending' AND data -> 'content' IS NULL"),
            1);
}

TEST_F(RetryTest, AClosedReplyWindowIsSaidBeforeTheProviderSaysIt) {
  const auto id = answer();
  outbox("state = 'failed', settled_at = now()");
  database_.query(
      "UPDATE tenant_acme.inbox_conversations SET last_inbound_at = last_inbound_at - interval '3 days' RETURNING 1");
  EXPECT_EQ(refusal(id), "reply_window_closed");
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_outbox WHERE state = 'failed'"), 1);
}

}  // namespace
}  // namespace patchbay::testing
