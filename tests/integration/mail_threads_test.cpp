// Which conversation a mail belongs to, and by what answers find it.
#include "base/text.hpp"
#include "integration/mail_fixture.hpp"
#include "mail/facts.hpp"

namespace patchbay::testing {
namespace {

TEST_F(MailTest, AThreadStaysOneConversationInBothDirections) {
  ASSERT_EQ(deliver(mail("m0@example.org", "References: <before@example.org>\r\n")), 200);
  const auto conversation = conversationOf("m0@example.org");
  ASSERT_GT(conversation, 0);

  const auto ours = answer(conversation, "We can do that.");
  EXPECT_EQ(ours["subject"], "Re: Offer");
  const auto sent = posted(1);
  EXPECT_EQ(sent.headers.subject, "Re: Offer");
  EXPECT_EQ(sent.headers.from.at(0).name, "Müller & Co");
  EXPECT_EQ(sent.headers.to.at(0).address, "ana@example.org");
  EXPECT_EQ(sent.headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  EXPECT_EQ(sent.headers.references, (std::vector<std::string>{"before@example.org", "m0@example.org"}));
  EXPECT_EQ(sent.headers.message_id, ours["mail"]["message_id"]);
  EXPECT_EQ(trim(sent.text), "We can do that.");
  EXPECT_TRUE(mail::find(sent.lines, "Auto-Submitted").empty());

  ASSERT_EQ(deliver(mail("m2@example.org", "In-Reply-To: <" + sent.headers.message_id + ">\r\n",
                         "Thanks\r\n\r\nOn 2 Jan 2026, Help <help@patchbay.example> wrote:\r\n> We can do that.")),
            200);
  EXPECT_EQ(conversationOf("m2@example.org"), conversation);
  const auto theirs = messageOf("m2@example.org");
  EXPECT_EQ(theirs["content"], "Thanks");
  EXPECT_NE(theirs["full_text"].get<std::string>().find("> We can do that."), std::string::npos);
  EXPECT_EQ(theirs["reply_to_id"], ours["id"]);
  EXPECT_EQ(theirs["mail"]["stranger"], false);

  (void)answer(conversation, "You are welcome.");
  const auto second = posted(2);
  EXPECT_EQ(second.headers.in_reply_to, std::vector<std::string>{"m2@example.org"});
  EXPECT_EQ(second.headers.references.back(), "m2@example.org");
}

TEST_F(MailTest, TheTokenFindsTheConversationWhateverIsLeftOfTheHeader) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  (void)answer(conversation, "Hi");
  const auto reply_to = posted(1).headers.reply_to.at(0).address;
  EXPECT_TRUE(reply_to.starts_with("help+"));
  EXPECT_TRUE(reply_to.ends_with("@patchbay.example"));

  ASSERT_EQ(deliver(mail("m2@other.example", "", "From my other address", "Ana <ana@other.example>"),
                    "ana@other.example", reply_to),
            200);
  EXPECT_EQ(conversationOf("m2@other.example"), conversation);
  EXPECT_EQ(messageOf("m2@other.example")["mail"]["stranger"], false);
  (void)answer(conversation, "Hi there");
  EXPECT_EQ(posted(2).headers.to.at(0).address, "ana@other.example");

  ASSERT_EQ(deliver(mail("m3@example.org"), "ana@example.org", "help+aaaaaaaaaaaaaaaa@patchbay.example"), 200);
  EXPECT_NE(conversationOf("m3@example.org"), conversation);
}

TEST_F(MailTest, AStrangerWhoNamesAnIdIsMarkedAndGetsNoAnswers) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  ASSERT_EQ(
      deliver(mail("m1@evil.example", "In-Reply-To: <m0@example.org>\r\n", "Send it to me", "Eve <eve@evil.example>"),
              "eve@evil.example"),
      200);
  const auto conversation = conversationOf("m0@example.org");
  EXPECT_EQ(conversationOf("m1@evil.example"), conversation);
  EXPECT_EQ(messageOf("m1@evil.example")["mail"]["stranger"], true);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.to.at(0).address, "ana@example.org");
}

TEST_F(MailTest, AForgedSenderDoesNotMoveTheAddressForAnswers) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  const std::string answers = "In-Reply-To: <m0@example.org>\r\n";
  ASSERT_EQ(deliver(mail("f1@evil.example", answers + "Reply-To: thief@evil.example\r\n"), "thief@evil.example"), 200);
  ASSERT_EQ(conversationOf("f1@evil.example"), conversation);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.to.at(0).address, "ana@example.org");
  ASSERT_EQ(deliver(mail("m1@example.org", answers)), 200);
  EXPECT_EQ(messageOf("m1@example.org")["mail"]["stranger"], false);
  // With the token, and so with what only she was sent, it moves. And she is who she was when she writes from there.
  const auto token = posted(1).headers.reply_to.at(0).address;
  ASSERT_EQ(deliver(mail("m2@example.org", answers + "Reply-To: ana@home.example\r\n"), "ana@example.org", token), 200);
  (void)answer(conversation, "Hi again");
  EXPECT_EQ(posted(2).headers.to.at(0).address, "ana@home.example");
  ASSERT_EQ(deliver(mail("m3@example.org", answers)), 200);
  EXPECT_EQ(messageOf("m3@example.org")["mail"]["stranger"], false);
}

TEST_F(MailTest, WhoRepeatsAKnownMessageIdIsNotInItsConversation) {
  ASSERT_EQ(deliver(mail("m0@example.org"), "ana@example.org", "help@patchbay.example", "delivery-1"), 200);
  ASSERT_EQ(deliver(mail("m0@example.org", "", "Send it to me", "Eve <eve@evil.example>"), "eve@evil.example",
                    "help@patchbay.example", "delivery-2"),
            200);
  const auto conversation = conversationOf("delivery-1");
  EXPECT_NE(conversationOf("delivery-2"), conversation);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.to.at(0).address, "ana@example.org");
  ASSERT_EQ(deliver(mail("m1@example.org", "In-Reply-To: <m0@example.org>\r\n")), 200);
  EXPECT_EQ(conversationOf("m1@example.org"), conversation);
}

TEST_F(MailTest, AStrangerInTheSameBatchIsOneToo) {
  const auto event = [](const std::string& id, const std::string& answers, const std::string& from) {
    connectors::Event event;
    event.id = id;
    event.type = "text";
    event.text = "Hello";
    event.from.address = {"email", from};
    event.timestamp = std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::now());
    auto facts = std::make_shared<connectors::MailFacts>();
    facts->message_id = id;
    facts->shown = Json::object();
    if (!answers.empty()) facts->answers = {answers};
    event.mail = facts;
    return event;
  };
  std::promise<bool> stored;
  ingest_.submit(channel_,
                 {event("m0", "", "ana@example.org"), event("e1", "m0", "eve@evil.example"),
                  event("e2", "e1", "eve@evil.example")},
                 [&](bool done) { stored.set_value(done); });
  ASSERT_TRUE(stored.get_future().get());
  EXPECT_EQ(conversationOf("e2"), conversationOf("m0"));
  EXPECT_EQ(messageOf("e1")["mail"]["stranger"], true);
  EXPECT_EQ(messageOf("e2")["mail"]["stranger"], true);
  EXPECT_EQ(query("SELECT contact_identifier FROM {tenant}.inbox_conversations"), "ana@example.org");
}

TEST_F(MailTest, AProgramsMailDoesNotMoveTheAddressForAnswers) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  (void)answer(conversation, "Hi");
  const auto token = posted(1).headers.reply_to.at(0).address;
  ASSERT_EQ(deliver(mail("m1@robot.example", "Auto-Submitted: auto-replied\r\n", "I am away", "away@robot.example"), "",
                    token),
            200);
  ASSERT_EQ(conversationOf("m1@robot.example"), conversation);
  (void)answer(conversation, "Hi again");
  EXPECT_EQ(posted(2).headers.to.at(0).address, "ana@example.org");
  ASSERT_EQ(deliver(mail("m2@list.example", "List-Id: <x.list.example>\r\n", "News", "news@list.example")), 200);
  (void)answer(conversationOf("m2@list.example"), "Who are you?");
  EXPECT_EQ(posted(3).headers.to.at(0).address, "news@list.example");
}

TEST_F(MailTest, AnAnswerNamesTheContactsMailAndNotAStrangersOrAPrograms) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto answers = "In-Reply-To: <m0@example.org>\r\n";
  ASSERT_EQ(deliver(mail("m1@evil.example", answers, "Me too", "eve@evil.example"), "eve@evil.example"), 200);
  ASSERT_EQ(deliver(mail("m2@example.org", std::string(answers) + "Auto-Submitted: auto-replied\r\n", "I am away"), ""),
            200);
  const auto conversation = conversationOf("m0@example.org");
  ASSERT_EQ(conversationOf("m2@example.org"), conversation);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  (void)answer(conversation, "Hi Eve", {{"reply_to_id", messageOf("m1@evil.example")["id"]}});
  EXPECT_EQ(posted(2).headers.in_reply_to, std::vector<std::string>{"m1@evil.example"});
}

TEST_F(MailTest, AMailThatIsSentAgainStaysInItsThread) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  provider_.next(
      [](const std::string&) { return std::optional(testing_support::answer("no", "HTTP/1.1 400 Bad Request")); });
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  const auto first = posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "failed"));
  query("DELETE FROM {tenant}.pb_outbox RETURNING 1");
  std::promise<Result<inbox::Document>> done;
  service_.retryMessage({"acme", {"user", "7", "Agent"}}, ours["id"].get<std::int64_t>(),
                        [&](Result<inbox::Document> document) { done.set_value(std::move(document)); });
  const auto again = done.get_future().get();
  ASSERT_TRUE(again.ok()) << again.error().message;
  const auto second = posted(2);
  EXPECT_NE(second.headers.message_id, first.headers.message_id);
  EXPECT_EQ(second.headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  EXPECT_EQ(second.headers.references, std::vector<std::string>{"m0@example.org"});
}

TEST_F(MailTest, AnIdThatTheProviderPutInPlaceOfOursIsKnownToo) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  const auto ours = answer(conversation, "Hi");
  (void)posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "sent"));
  const auto provider_id = query("SELECT external_id FROM {tenant}.inbox_messages WHERE direction = 'out'");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_message_parts WHERE message_id = " + ours["id"].dump()), "1");
  ASSERT_EQ(deliver(mail("m2@example.org", "References: <" + provider_id + "@mail.postbox.example>\r\n")), 200);
  ASSERT_EQ(deliver(mail("m3@example.org", "In-Reply-To: <" + provider_id + "@elsewhere.example>\r\n")), 200);
  EXPECT_EQ(conversationOf("m2@example.org"), conversation);
  EXPECT_EQ(conversationOf("m3@example.org"), conversation);
}

}  // namespace
}  // namespace patchbay::testing
