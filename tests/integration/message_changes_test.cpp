/// Edits, unsends and reactions: before their message, late, and out of order.
#include "integration/inbox_fixture.hpp"

namespace patchbay::testing {
namespace {

using connectors::Event;
using connectors::EventKind;

class MessageChangesTest : public InboxTest {
 protected:
  static Event change(EventKind kind, const std::string& id, std::chrono::seconds after) {
    Event event;
    event.kind = kind;
    event.id = id;
    event.message_id = "wamid.1";
    event.from.address = {"phone", "+4911"};
    event.timestamp = kStart + after;
    return event;
  }
  static Event edit(const std::string& text, std::chrono::seconds after) {
    Event event = change(EventKind::kEdit, "edit-" + text, after);
    event.text = text;
    return event;
  }
  static Event unsend(std::chrono::seconds after) { return change(EventKind::kDelete, "unsend", after); }
  static Event reaction(const std::string& emoji, std::chrono::seconds after) {
    Event event = change(EventKind::kReaction, "reaction-" + emoji + std::to_string(after.count()), after);
    event.emoji = emoji;
    return event;
  }

  Json stored() { return json(service_.message("acme", 1)); }
  std::int64_t parked() { return count("SELECT count(*) FROM {tenant}.pb_parked_changes"); }

  static inline const Timestamp kStart = now() - std::chrono::hours(1);
};

using std::chrono::seconds;

TEST_F(MessageChangesTest, AnUnsendThatCameBeforeItsMessageWithdrawsIt) {
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(ingest({unsend(seconds(2))}));
  EXPECT_EQ(parked(), 1);
  ASSERT_TRUE(ingest({message("wamid.0", "+4911", "another"), message("wamid.1", "+4911", "Oops")}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages WHERE external_id = 'wamid.1' AND content IS NULL "
                  "AND extra ? 'deleted_at'"),
            1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages WHERE content = 'another'"), 1);
  EXPECT_EQ(parked(), 0);
}

TEST_F(MessageChangesTest, AnEditAndAReactionThatCameBeforeTheirMessageAreApplied) {
  ASSERT_TRUE(ingest({edit("second", seconds(3)), reaction("👍", seconds(1)), edit("first", seconds(2))}));
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "Hello")}));
  EXPECT_EQ(stored()["content"], "second");
  EXPECT_EQ(stored()["reactions"], Json({{"👍", {"contact:1"}}}));
  EXPECT_EQ(parked(), 0);
}

TEST_F(MessageChangesTest, AReactionThatCameBeforeTheAnswerToOurSendIsApplied) {
  ASSERT_TRUE(ingest({message("wamid.0", "+4911", "Hello")}));
  const auto sent = json(write([&](inbox::Reply reply) {
    service_.createMessage(agent(), {{"conversation_id", 1}, {"direction", "out"}, {"content", "Hi"}}, reply);
  }));
  ASSERT_TRUE(ingest({reaction("👍", seconds(1))}));
  inbox::SendOutcome outcome;
  outcome.kind = inbox::SendOutcome::Kind::kSent;
  outcome.ids = {"wamid.1"};
  ASSERT_TRUE(hasLeft(sent["id"].get<std::int64_t>(), outcome));
  EXPECT_EQ(json(service_.message("acme", sent["id"].get<std::int64_t>()))["reactions"], Json({{"👍", {"contact:1"}}}));
}

TEST_F(MessageChangesTest, OldParkedChangesGoWhenNewOnesCome) {
  ASSERT_TRUE(ingest({unsend(seconds(2))}));
  count(
      "WITH old AS (UPDATE {tenant}.pb_parked_changes SET parked_at = now() - interval '8 days' RETURNING 1) "
      "SELECT count(*) FROM old");
  auto other = unsend(seconds(3));
  other.message_id = "wamid.2";
  ASSERT_TRUE(ingest({other}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_parked_changes WHERE provider_id = 'wamid.2'"), 1);
  EXPECT_EQ(parked(), 1);
}

TEST_F(MessageChangesTest, AWatermarkCoversAnEchoThatWasStoredAfterIt) {
  auto echo = message("wamid.1", "+4911", "from the page inbox");
  echo.echo = true;
  echo.timestamp = kStart;
  ASSERT_TRUE(ingest({echo}));
  Event read;
  read.kind = EventKind::kWatermark;
  read.contact = {"phone", "+4911"};
  read.status = "read";
  read.timestamp = kStart + seconds(1);
  ASSERT_TRUE(ingest({read}));
  EXPECT_EQ(stored()["status"], "read");
}

TEST_F(MessageChangesTest, AnOlderEditChangesNothingAndNoneRevivesWhatWasTakenBack) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "Hello")}));
  ASSERT_TRUE(ingest({edit("newer", seconds(3)), edit("older", seconds(2))}));
  EXPECT_EQ(stored()["content"], "newer");
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.updated'"), 1);
  ASSERT_TRUE(ingest({edit("at the same second", seconds(3))}));
  EXPECT_EQ(stored()["content"], "at the same second");
  ASSERT_TRUE(ingest({unsend(seconds(4)), edit("newest", seconds(5))}));
  EXPECT_EQ(stored()["content"], Json());
}

TEST_F(MessageChangesTest, AReactionThatComesAfterItWasTakenBackStaysTakenBack) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "Hello")}));
  ASSERT_TRUE(ingest({reaction("", seconds(2)), reaction("👍", seconds(1))}));
  EXPECT_EQ(stored()["reactions"], Json::object());
  ASSERT_TRUE(ingest({reaction("🎉", seconds(3)), reaction("👍", seconds(3))}));
  EXPECT_EQ(stored()["reactions"], Json({{"👍", {"contact:1"}}}));
}

TEST_F(MessageChangesTest, AnUnsendTakesWhatStoodBesideTheTextAndThePreviewToo) {
  auto event = message("wamid.1", "+4911", "my door code is 4711");
  event.raw = "4711";
  event.extra = {{"location", {{"latitude", 1}, {"longitude", 2}}},
                 {"selection", {{"id", "4711"}}},
                 {"contacts", Json::array({{{"name", "4711"}}})},
                 {"order", {{"note", "4711"}}},
                 {"referral", {{"title", "4711"}}},
                 {"forwarded", true}};
  ASSERT_TRUE(ingest({event}));
  ASSERT_TRUE(ingest({unsend(seconds(1))}));
  const Json extra = stored()["extra"];
  EXPECT_EQ(extra.size(), 2u) << extra;
  EXPECT_TRUE(extra.contains("deleted_at"));
  EXPECT_EQ(conversations()[0]["last_message"], "[deleted]");
  EXPECT_EQ(conversations()[0]["first_message"], "[deleted]");
}

TEST_F(MessageChangesTest, AnUnsendOfAnEarlierMessageLeavesThePreviewOfTheLastOne) {
  ASSERT_TRUE(ingest({message("wamid.0", "+4911", "first"), message("wamid.1", "+4911", "Oops")}));
  ASSERT_TRUE(ingest({message("wamid.2", "+4911", "last")}));
  ASSERT_TRUE(ingest({unsend(seconds(1))}));
  EXPECT_EQ(conversations()[0]["last_message"], "last");
  EXPECT_EQ(conversations()[0]["first_message"], "first");
}

/// Someone who wrote `ago`, on a channel of Messenger's.
class ReactionWindowTest : public MessageChangesTest {
 protected:
  void wrote(std::chrono::hours ago) {
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "whatsapp";  // the one that the fixture's service finds
    settings.connector = "messenger";
    settings.config = messengerConfig();
    auto messenger = factory_.create(std::move(settings));
    ASSERT_TRUE(messenger.ok()) << messenger.error().message;
    channel_ = *messenger;
    auto first = message("wamid.1", "7001", "Hello");
    first.from.address.kind = "psid";
    first.timestamp = now() - ago;
    ASSERT_TRUE(ingest({first}));
  }
  static Event reacted(const std::string& emoji, std::chrono::seconds ago, const std::string& to = "wamid.1") {
    Event event = reaction(emoji, seconds(0));
    event.from.address = {"psid", "7001"};
    event.message_id = to;
    event.timestamp = now() - ago;
    return event;
  }
  /// The code of the refusal; empty when it was taken.
  std::string answer() {
    const auto sent = write([&](inbox::Reply reply) {
      service_.createMessage(agent(), {{"conversation_id", 1}, {"direction", "out"}, {"content", "Hi"}}, reply);
    });
    return sent.ok() ? std::string() : sent.error().code;
  }
  std::int64_t opened() {
    return count(
        "SELECT count(*) FROM {tenant}.pb_events WHERE type = 'conversation.updated' AND data -> 'changed' ? "
        "'reply_window'");
  }
};

using std::chrono::hours;

TEST_F(ReactionWindowTest, AReactionOpensTheWindowWhereTheProviderSaysSo) {
  wrote(hours(30));
  EXPECT_EQ(answer(), "reply_window_closed");
  ASSERT_TRUE(ingest({reacted("👍", hours(1))}));
  EXPECT_EQ(answer(), "");
  EXPECT_EQ(opened(), 1);
  ASSERT_TRUE(ingest({reacted("👍", hours(1))}));
  EXPECT_EQ(conversations()[0]["unread_count"], 1) << "a reaction is no message";
}

TEST_F(ReactionWindowTest, AReactionToAMessageThatIsNotKnownOpensItToo) {
  wrote(hours(30));
  ASSERT_TRUE(ingest({reacted("👍", hours(1), "m_older_than_our_history")}));
  EXPECT_EQ(answer(), "");
}

TEST_F(ReactionWindowTest, NeitherAnOldReactionNorOneTakenBackOpensIt) {
  wrote(hours(30));
  ASSERT_TRUE(ingest({reacted("👍", hours(26)), reacted("", hours(1))}));
  EXPECT_EQ(answer(), "reply_window_closed");
}

TEST_F(ReactionWindowTest, AReactionFromAClockThatIsAheadGainsNothing) {
  wrote(hours(30));
  ASSERT_TRUE(ingest({reacted("👍", -hours(100))}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations WHERE last_inbound_at <= now()"), 1);
}

TEST_F(ReactionWindowTest, AReactionOnAChannelThatDoesNotSaySoOpensNothing) {
  auto first = message("wamid.1", "+4911", "Hello");
  first.timestamp = now() - hours(30);
  ASSERT_TRUE(ingest({first, reaction("👍", seconds(0))}));
  EXPECT_EQ(answer(), "reply_window_closed");
}

}  // namespace
}  // namespace patchbay::testing
