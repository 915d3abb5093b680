// What arrives twice, late, out of order, from somebody new, or broken.
#include "integration/inbox_fixture.hpp"

namespace patchbay::testing {
namespace {

using connectors::Event;
using connectors::EventKind;

class IngestTest : public InboxTest {
 protected:
  static Event inGroup(const std::string& id, const std::string& phone, const std::string& thread) {
    Event event = message(id, phone, "hello all");
    event.thread_key = thread;
    event.extra = {{"thread", {{"key", thread}}}};
    return event;
  }

  static Event moved(const std::string& was, const std::string& key) {
    Event event;
    event.kind = EventKind::kThread;
    event.timestamp = now();
    event.thread_was = was;
    event.thread_key = key;
    return event;
  }

  static Event reaction(const std::string& id, const std::string& emoji) {
    Event event;
    event.kind = EventKind::kReaction;
    event.id = id;
    event.timestamp = now();
    event.message_id = "wamid.1";
    event.from.address = {"phone", "+33639980042"};
    event.emoji = emoji;
    return event;
  }

  static Event contactChange(connectors::Address known, connectors::Address current) {
    Event event;
    event.kind = EventKind::kContact;
    event.timestamp = now();
    event.contact = known;
    event.from.address = std::move(current);
    if (event.from.address != known) event.from.aliases.push_back(std::move(known));
    return event;
  }

  /// An event that no schema forbids and the database refuses: its name is not UTF-8.
  static Event poison(const std::string& id) {
    Event event = message(id, "+4915199", "x");
    event.text = "\xff";
    return event;
  }

  bool submit(inbox::Received received) {
    std::promise<bool> stored;
    if (!ingest_.submit(std::move(received), [&stored](bool ok) { stored.set_value(ok); })) return false;
    return stored.get_future().get();
  }

  inbox::Received webhook(std::vector<Event> events) {
    inbox::Received received;
    received.tenant = "acme";
    received.channel_name = "whatsapp";
    received.arrivals.push_back({channel_, std::move(events)});
    received.request = inbox::RawRequest{"POST", "", "a=b", {{"X-One", "1"}}, "the raw body"};
    return received;
  }

  Result<inbox::Document> send(std::int64_t conversation) {
    return write([&](inbox::Reply reply) {
      service_.createMessage(agent(), {{"conversation_id", conversation}, {"direction", "out"}, {"content", "Hello"}},
                             reply);
    });
  }

  std::int64_t events(const std::string& type) {
    return count("SELECT count(*) FROM {tenant}.pb_events WHERE type = '" + type + "'");
  }

  void execute(const std::string& sql) { count("WITH done AS (" + sql + " RETURNING 1) SELECT count(*) FROM done"); }
};

TEST_F(IngestTest, AMemberWhoWantsNoMessagesDoesNotSilenceTheGroup) {
  connectors::ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = "whatsapp";
  settings.connector = "telegram";  // it can send to groups
  settings.config = {{"bot_token", "110201543:AAHpatchbayExampleToken000000000000"}, {"mode", "poll"}};
  auto telegram = factory_.create(std::move(settings));
  ASSERT_TRUE(telegram.ok()) << telegram.error().message;
  channel_ = *telegram;
  Event own = message("m.1", "5550001", "hello"), all = inGroup("m.2", "5550001", "group:-4001"), out;
  own.from.address.kind = all.from.address.kind = "telegram";
  out.kind = EventKind::kOptOut;
  out.timestamp = now();
  out.contact = own.from.address;
  ASSERT_TRUE(ingest({own}));
  ASSERT_TRUE(ingest({all}));
  ASSERT_TRUE(ingest({out}));
  const auto idOf = [&](const std::string& where) {
    return count("SELECT id FROM {tenant}.inbox_conversations WHERE thread_key " + where);
  };
  const auto alone = send(idOf("LIKE 'contact:%'"));
  ASSERT_FALSE(alone.ok());
  EXPECT_EQ(alone.error().code, "opted_out");
  const auto group = send(idOf("= 'group:-4001'"));
  EXPECT_TRUE(group.ok()) << group.error().message;
}

TEST_F(IngestTest, ANewParticipantOfAGroupWritesInItsConversation) {
  ASSERT_TRUE(ingest({inGroup("wamid.1", "+4911", "group-7")}));
  ASSERT_TRUE(ingest({inGroup("wamid.2", "+4922", "group-7")}));
  ASSERT_EQ(conversations().size(), 1u);
  EXPECT_EQ(conversations()[0]["message_count"], 2);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_contacts"), 2);
}

TEST_F(IngestTest, AGroupWithAnotherIdGoesOnInItsConversation) {
  ASSERT_TRUE(ingest({inGroup("wamid.1", "+4911", "group:1")}));
  // In one batch, and told twice.
  ASSERT_TRUE(ingest({inGroup("wamid.2", "+4922", "group:1"), moved("group:1", "group:2"),
                      inGroup("wamid.3", "+4922", "group:2"), moved("group:1", "group:2")}));
  ASSERT_TRUE(ingest({inGroup("wamid.4", "+4911", "group:2"), moved("group:7", "group:8")}));
  ASSERT_EQ(conversations().size(), 1u);
  EXPECT_EQ(conversations()[0]["message_count"], 4);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations WHERE thread_key = 'group:2'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'conversation.updated' AND "
                  "data->'changed' = '[\"thread\"]'"),
            1);
}

TEST_F(IngestTest, AThreadDoesNotMoveIntoAnotherOpenOneNorIntoAContactsOwn) {
  ASSERT_TRUE(ingest({inGroup("wamid.1", "+4911", "group:1")}));
  ASSERT_TRUE(ingest({inGroup("wamid.2", "+4922", "group:2")}));
  ASSERT_TRUE(ingest({moved("group:1", "group:2")}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations WHERE thread_key = 'group:1'"), 1);
  ASSERT_TRUE(ingest({moved("group:1", "contact:1")}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations WHERE thread_key = 'thread:contact:1'"), 1);
  // The other one archived, there is room for it.
  execute("UPDATE {tenant}.inbox_conversations SET status = 'archived' WHERE thread_key = 'group:2'");
  ASSERT_TRUE(ingest({moved("contact:1", "group:2")}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations WHERE thread_key = 'group:2'"), 2);
}

TEST_F(IngestTest, AnAddressThatAnotherChannelOfTheBatchExplainsFindsTheOpenConversation) {
  const auto other = channel("whatsapp-2");
  const auto on_both = [&](std::vector<Event> first, std::vector<Event> second) {
    inbox::Received received;
    received.tenant = "acme";
    received.arrivals = {{channel_, std::move(first)}, {other, std::move(second)}};
    return submit(std::move(received));
  };
  ASSERT_TRUE(on_both({message("wamid.1", "+4911", "a")}, {message("wamid.2", "+4911", "b")}));
  auto explains = message("wamid.3", "+4911", "c");
  explains.from.aliases = {{"bsuid", "DE.1"}};
  auto hidden = message("wamid.4", "", "d");
  hidden.from.address = {"bsuid", "DE.1"};
  ASSERT_TRUE(on_both({explains}, {hidden}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations"), 2);
  EXPECT_EQ(count("SELECT min(message_count) FROM {tenant}.inbox_conversations"), 2);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_contacts"), 1);
}

TEST_F(IngestTest, AThreadKeyOfTheProviderCannotNameAContactsConversation) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "private")}));
  ASSERT_TRUE(ingest({inGroup("wamid.2", "+4922", "contact:1")}));
  EXPECT_EQ(conversations().size(), 2u);
}

TEST_F(IngestTest, ARefusedEventIsQuarantinedWithItsRequestAndItsNeighboursAreStored) {
  ASSERT_TRUE(submit(webhook({message("wamid.1", "+4911", "a"), poison("wamid.2"), message("wamid.3", "+4911", "c")})));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages"), 2);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine WHERE body = 'the raw body' AND method = 'POST' "
                  "AND query = 'a=b' AND reason LIKE '%wamid.2%'"),
            1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine"), 1);
  EXPECT_EQ(count("SELECT max(seq) - count(*) FROM {tenant}.pb_events"), 0);
}

TEST_F(IngestTest, ARefusedEventThatCameAloneIsQuarantinedToo) {
  ASSERT_TRUE(submit(webhook({poison("wamid.1")})));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine WHERE body = 'the raw body'"), 1);
}

TEST_F(IngestTest, ARefusedEventThatNoWebhookBroughtIsItselfInQuarantine) {
  auto polled = webhook({message("wamid.1", "+4911", "a"), poison("wamid.2")});
  polled.request.reset();
  ASSERT_TRUE(submit(std::move(polled)));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine WHERE method = 'EVENT' AND "
                  "convert_from(body, 'UTF8')::jsonb #>> '{0,id}' = 'wamid.2' AND "
                  "convert_from(body, 'UTF8')::jsonb #>> '{0,from,address}' = '+4915199'"),
            1);
}

TEST_F(IngestTest, AnswersGoToTheAddressOfTheNewestInboundMessage) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "a")}));
  auto hidden = message("wamid.2", "", "b");
  hidden.from.address = {"bsuid", "DE.1"};
  hidden.from.aliases = {{"phone", "+4911"}};
  ASSERT_TRUE(ingest({hidden}));
  EXPECT_EQ(conversations()[0]["contact_identifier"], "DE.1");
  ASSERT_TRUE(send(1).ok());
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_outbox WHERE recipient = 'bsuid:DE.1'"), 1);
  auto late = message("wamid.0", "+4911", "from before");
  late.timestamp = hidden.timestamp - std::chrono::hours(1);
  ASSERT_TRUE(ingest({late}));
  EXPECT_EQ(conversations()[0]["contact_identifier"], "DE.1");
  auto echo = message("wamid.3", "+4911", "from the phone of the shop");
  echo.echo = true;
  ASSERT_TRUE(ingest({echo}));
  EXPECT_EQ(conversations()[0]["contact_identifier"], "DE.1");
}

TEST_F(IngestTest, AChangedNumberTakesTheOpenConversationAlong) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "a")}));
  const connectors::Address before{"phone", "+4911"}, after{"phone", "+4922"};
  ASSERT_TRUE(ingest({contactChange(before, after)}));
  EXPECT_EQ(conversations()[0]["contact_identifier"], "+4922");
  EXPECT_EQ(events("contact.updated"), 1);
  EXPECT_EQ(events("conversation.updated"), 1);
  ASSERT_TRUE(ingest({contactChange(before, after)}));
  EXPECT_EQ(events("contact.updated"), 1);
  EXPECT_EQ(events("conversation.updated"), 1);
}

TEST_F(IngestTest, ANameThatComesLaterNamesTheConversationUnlessItHasOne) {
  auto nameless = message("wamid.1", "+4911", "a");
  nameless.from.name.clear();
  ASSERT_TRUE(ingest({nameless}));
  EXPECT_EQ(conversations()[0]["contact_name"], Json());
  const connectors::Address address{"phone", "+4911"};
  auto profile = contactChange(address, address);
  profile.from.name = "Ines";
  ASSERT_TRUE(ingest({profile}));
  EXPECT_EQ(conversations()[0]["contact_name"], "Ines");
  EXPECT_EQ(events("conversation.updated"), 1);
  profile.from.name = "Ines M.";
  ASSERT_TRUE(ingest({profile}));
  EXPECT_EQ(conversations()[0]["contact_name"], "Ines");
  EXPECT_EQ(events("conversation.updated"), 1);
}

TEST_F(IngestTest, AnAnswerIntoAGroupIsRefusedInsteadOfSentToOneParticipant) {
  ASSERT_TRUE(ingest({inGroup("wamid.1", "+4911", "group-7")}));
  const auto refused = send(1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "group_not_supported");
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_outbox"), 0);
  EXPECT_TRUE(
      write([&](inbox::Reply reply) {
        service_.createMessage(agent(), {{"conversation_id", 1}, {"content", "note"}, {"is_note", true}}, reply);
      }).ok());
}

TEST_F(IngestTest, ASecondDeliveryOfAReactionChangesNothing) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  const auto added = reaction("wamid.r1", "👍");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ingest({added, added}));
  EXPECT_EQ(events("reaction.added"), 1);
  ASSERT_TRUE(ingest({reaction("wamid.r2", "")}));
  EXPECT_EQ(events("reaction.removed"), 1);
  ASSERT_TRUE(ingest({added}));  // a late copy
  EXPECT_EQ(events("reaction.added"), 1);
  EXPECT_EQ(json(service_.message("acme", 1))["reactions"], Json::object());
  ASSERT_TRUE(ingest({reaction("wamid.r3", "👍"), reaction("wamid.r4", "👍")}));  // the second is no change
  EXPECT_EQ(events("reaction.added"), 2);
  EXPECT_EQ(json(service_.message("acme", 1))["reactions"], Json({{"👍", {"contact:1"}}}));
  ASSERT_TRUE(ingest({reaction("wamid.r5", "🎉")}));
  EXPECT_EQ(json(service_.message("acme", 1))["reactions"], Json({{"🎉", {"contact:1"}}}));
}

TEST_F(IngestTest, AReactionThatCameBeforeItsMessageIsTakenOnce) {
  ASSERT_TRUE(ingest({reaction("wamid.r1", "👍")}));
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  ASSERT_TRUE(ingest({reaction("wamid.r1", "👍")}));
  EXPECT_EQ(events("reaction.added"), 1);
}

TEST_F(IngestTest, ASecondDeliveryOfAnUnparsedItemIsOneRow) {
  Event unparsed;
  unparsed.kind = EventKind::kUnparsed;
  unparsed.raw = R"({"type":"new_thing"})";
  unparsed.why = "unknown type";
  for (int i = 0; i < 3; ++i) {
    unparsed.timestamp = now();
    ASSERT_TRUE(ingest({unparsed}));
  }
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine"), 1);
  unparsed.raw = R"({"type":"newer_thing"})";
  ASSERT_TRUE(ingest({unparsed}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_quarantine"), 2);
}

TEST_F(IngestTest, ALateCopyOfAnOptOutDoesNotUndoTheOptIn) {
  ASSERT_TRUE(ingest({message("wamid.1", "+33639980042", "a")}));
  Event consent;
  consent.contact = {"phone", "+33639980042"};
  consent.timestamp = now();
  consent.kind = EventKind::kOptOut;
  consent.id = "wamid.out";
  const Event out = consent;
  consent.kind = EventKind::kOptIn;
  consent.id = "wamid.in";
  ASSERT_TRUE(ingest({out, consent, out}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_contacts WHERE opted_out_at IS NULL"), 1);
  EXPECT_EQ(events("contact.updated"), 2);
}

TEST_F(IngestTest, WhatIsKnownOfAContactIsNoNews) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "a")}));
  auto known = contactChange({"phone", "+4911"}, {"phone", "+4911"});
  known.from.name = "Ines";
  ASSERT_TRUE(ingest({known}));
  EXPECT_EQ(events("contact.updated"), 0);
  known.from.aliases = {{"bsuid", "DE.1"}};
  ASSERT_TRUE(ingest({known}));
  ASSERT_TRUE(ingest({known}));
  EXPECT_EQ(events("contact.updated"), 1);
  known.from.name = "Ines M.";
  ASSERT_TRUE(ingest({known}));
  EXPECT_EQ(events("contact.updated"), 2);
}

TEST_F(IngestTest, TheReplyWindowOpensWhenTheContactWrote) {
  auto old = message("wamid.1", "+4911", "written yesterday, delivered today");
  old.timestamp = now() - std::chrono::hours(25);
  ASSERT_TRUE(ingest({old}));
  EXPECT_FALSE(conversations()[0]["reply_window"]["open"]);
  auto ahead = message("wamid.2", "+4911", "a clock that is ahead");
  ahead.timestamp = now() + std::chrono::hours(100);
  ASSERT_TRUE(ingest({ahead}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_conversations WHERE last_inbound_at <= now()"), 1);
  old.id = "wamid.3";
  ASSERT_TRUE(ingest({old}));
  EXPECT_TRUE(conversations()[0]["reply_window"]["open"]);
}

TEST_F(IngestTest, ATemplateGoesOutsideTheWindowOnlyWhereTemplatesAreApproved) {
  const auto sendTemplate = [&](std::int64_t conversation) {
    return write([&](inbox::Reply reply) {
      const Json card{{"name", "card"}, {"language", "en"}};
      service_.createMessage(
          agent(), {{"conversation_id", conversation}, {"direction", "out"}, {"type", "template"}, {"template", card}},
          reply);
    });
  };
  connectors::ChannelSettings settings = channel_->settings();
  settings.connector = "messenger";
  settings.config = messengerConfig();
  auto messenger = factory_.create(std::move(settings));
  ASSERT_TRUE(messenger.ok()) << messenger.error().message;
  const auto whatsapp = std::exchange(channel_, *messenger);
  auto old = message("m_1", "7001", "written yesterday");
  old.from.address.kind = "psid";
  old.timestamp = now() - std::chrono::hours(25);
  ASSERT_TRUE(ingest({old}));
  const auto refused = sendTemplate(1);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "reply_window_closed");
  old.id = "m_2";
  old.from.address = {"phone", "+4911"};
  channel_ = whatsapp;
  ASSERT_TRUE(ingest({old}));
  EXPECT_TRUE(sendTemplate(2).ok());
}

TEST_F(IngestTest, AMessageThatCannotBeShownKeepsItsContentAndTheReason) {
  auto event = message("wamid.1", "+4911", "");
  event.type = "unsupported";
  event.raw = R"({"type":"poll"})";
  event.error = connectors::EventError{"unsupported", "131051", "Message type is not supported"};
  ASSERT_TRUE(ingest({event}));
  const Json stored = json(service_.message("acme", 1));
  EXPECT_EQ(stored["extra"]["raw"], R"({"type":"poll"})");
  EXPECT_EQ(stored["error"]["code"], "131051");
  EXPECT_EQ(stored["error"]["text"], "Message type is not supported");
}

TEST_F(IngestTest, AnEchoWithSomebodyElsesRefIsAMessageAndOneWithOursIsNews) {
  auto foreign = message("mid.1", "+4911", "from another tool");
  foreign.echo = true;
  foreign.ref = "campaign-1";
  ASSERT_TRUE(ingest({foreign}));
  ASSERT_TRUE(ingest({foreign}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out' AND status = 'sent'"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_parked_statuses"), 0);
  ASSERT_TRUE(ingest({message("mid.2", "+4911", "hello")}));
  ASSERT_TRUE(send(1).ok());
  const auto schema = db::SchemaName::fromSlug("acme");
  constexpr db::Statement kRef{"test.ref", "SELECT ref::text FROM {tenant}.inbox_messages WHERE ref IS NOT NULL"};
  auto ours = foreign;
  ours.id = "mid.3";
  ours.ref = std::string(pool_.lease()->execute(kRef, &*schema).text(0, 0));
  ASSERT_TRUE(ingest({ours}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out'"), 2);
}

TEST_F(IngestTest, OldParkedStatusesGoWhenNewOnesCome) {
  ASSERT_TRUE(ingest({status("wamid.a", "read"), status("wamid.b", "read")}));
  execute("UPDATE {tenant}.pb_parked_statuses SET parked_at = now() - interval '8 days'");
  ASSERT_TRUE(ingest({status("wamid.c", "read")}));
  EXPECT_EQ(count("SELECT count(*) FROM {tenant}.pb_parked_statuses"), 1);
}

TEST_F(IngestTest, AnEchoReopensAsAnsweredAndTheLastMessageOfABatchDecides) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "a")}));
  json(write([&](inbox::Reply reply) { service_.archiveConversation(agent(), 1, reply); }));
  auto echo = message("wamid.2", "+4911", "b");
  echo.echo = true;
  ASSERT_TRUE(ingest({echo}));
  EXPECT_EQ(conversations()[0]["status"], "replied");
  EXPECT_TRUE(conversations()[0]["archived_at"].is_null());
  echo.id = "wamid.4";
  ASSERT_TRUE(ingest({message("wamid.3", "+4911", "c"), echo}));
  EXPECT_EQ(conversations()[0]["status"], "replied");
  echo.id = "wamid.5";
  ASSERT_TRUE(ingest({echo, message("wamid.6", "+4911", "d")}));
  EXPECT_EQ(conversations()[0]["status"], "open");
}

TEST_F(IngestTest, MessageCountIsTheNumberOfRowsAndANoteMovesNothingElse) {
  ASSERT_TRUE(ingest({message("wamid.1", "+4911", "a")}));
  json(write([&](inbox::Reply reply) {
    service_.createMessage(agent(), {{"conversation_id", 1}, {"content", "call back"}, {"is_note", true}}, reply);
  }));
  const Json conversation = conversations()[0];
  EXPECT_EQ(conversation["message_count"], 2);
  EXPECT_EQ(conversation["last_message"], "a");
  EXPECT_EQ(conversation["status"], "new");
  EXPECT_EQ(conversation["unread_count"], 1);
}

}  // namespace
}  // namespace patchbay::testing
