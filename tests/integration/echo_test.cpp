/// Echoes of our own sends that carry no ref of ours: known by the provider's id alone, before the answer or after it.
#include "integration/inbox_fixture.hpp"

namespace patchbay::testing {
namespace {

using connectors::Event;
using connectors::EventKind;

class EchoTest : public InboxTest {
 protected:
  void SetUp() override {
    InboxTest::SetUp();
    ASSERT_TRUE(ingest({message("wamid.0", "+4911", "Hello")}));
    const auto sent = json(write([&](inbox::Reply reply) {
      service_.createMessage(agent(), {{"conversation_id", 1}, {"direction", "out"}, {"content", "Hi"}}, reply);
    }));
    sent_ = sent["id"].get<std::int64_t>();
  }

  bool echoes(const std::string& id) {
    Event echo = message(id, "+4911", "Hi");
    echo.echo = true;
    echo.timestamp = kSentAt;
    return ingest({echo});
  }
  bool answers(std::vector<std::string> ids, inbox::SendOutcome::Kind kind = inbox::SendOutcome::Kind::kSent) {
    inbox::SendOutcome outcome;
    outcome.kind = kind;
    outcome.ids = std::move(ids);
    return hasLeft(sent_, outcome);
  }
  Json stored() { return json(service_.message("acme", sent_)); }
  std::int64_t outbound() { return count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out'"); }
  std::int64_t merged() { return count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.merged'"); }

  static inline const Timestamp kSentAt = now() - std::chrono::minutes(1);
  std::int64_t sent_ = 0;
};

TEST_F(EchoTest, ThatOvertakesTheAnswerIsOneMessageWithIt) {
  ASSERT_TRUE(echoes("wamid.1"));
  EXPECT_EQ(outbound(), 2) << "until the answer is there, nobody can know";
  ASSERT_TRUE(answers({"wamid.1"}));
  EXPECT_EQ(outbound(), 1);
  EXPECT_EQ(stored()["status"], "sent");
  EXPECT_EQ(stored()["external_id"], "wamid.1");
  EXPECT_EQ(stored()["sender"]["kind"], "user");
  EXPECT_EQ(conversations()[0]["message_count"], 2);
  EXPECT_EQ(merged(), 1);
  EXPECT_EQ(count("SELECT (data ->> 'into')::bigint FROM {tenant}.pb_events WHERE type = 'message.merged'"), sent_);
  ASSERT_TRUE(echoes("wamid.1"));
  EXPECT_EQ(outbound(), 1) << "delivered once more";
}

TEST_F(EchoTest, ThatComesAfterTheAnswerIsNoMessageOfItsOwn) {
  ASSERT_TRUE(answers({"wamid.1"}));
  ASSERT_TRUE(echoes("wamid.1"));
  EXPECT_EQ(outbound(), 1);
  EXPECT_EQ(conversations()[0]["message_count"], 2);
  EXPECT_EQ(merged(), 0);
}

TEST_F(EchoTest, GivesWhatWasLearnedOfItToTheMessage) {
  ASSERT_TRUE(echoes("wamid.1"));
  Event reaction = message("", "+4911", "");
  reaction.kind = EventKind::kReaction;
  reaction.message_id = "wamid.1";
  reaction.emoji = "👍";
  Event quote = message("wamid.2", "+4911", "Really?");
  quote.reply_to = "wamid.1";
  ASSERT_TRUE(ingest({quote, status("wamid.1", "delivered"), reaction}));
  ASSERT_TRUE(answers({"wamid.1"}));
  EXPECT_EQ(outbound(), 1);
  EXPECT_EQ(stored()["status"], "delivered");
  EXPECT_EQ(stored()["reactions"], Json({{"👍", {"contact:1"}}}));
  EXPECT_EQ(count("SELECT reply_to_id FROM {tenant}.inbox_messages WHERE external_id = 'wamid.2'"), sent_);
  Event read;
  read.kind = EventKind::kWatermark;
  read.contact = {"phone", "+4911"};
  read.status = "read";
  read.timestamp = kSentAt + std::chrono::seconds(1);
  ASSERT_TRUE(ingest({read}));
  EXPECT_EQ(stored()["status"], "read") << "the message has the provider's time now";
}

TEST_F(EchoTest, OfEachPartOfALongTextIsTakenIn) {
  ASSERT_TRUE(echoes("wamid.1"));
  ASSERT_TRUE(answers({"wamid.1"}, inbox::SendOutcome::Kind::kProgress));
  EXPECT_EQ(stored()["status"], "pending");
  ASSERT_TRUE(echoes("wamid.2"));
  ASSERT_TRUE(answers({"wamid.1", "wamid.2"}));
  EXPECT_EQ(outbound(), 1);
  EXPECT_EQ(stored()["status"], "sent");
  EXPECT_EQ(conversations()[0]["message_count"], 2);
  EXPECT_EQ(
      count("SELECT count(DISTINCT part) FROM {tenant}.pb_message_parts WHERE message_id = " + std::to_string(sent_)),
      2);
}

TEST_F(EchoTest, OfAnotherMessageStaysAMessageOfItsOwn) {
  ASSERT_TRUE(echoes("wamid.9"));
  ASSERT_TRUE(answers({"wamid.1"}));
  EXPECT_EQ(outbound(), 2);
  EXPECT_EQ(conversations()[0]["message_count"], 3);
  EXPECT_EQ(merged(), 0);
}

}  // namespace
}  // namespace patchbay::testing
