// Bounces and complaints: mail about mail of ours.
#include "integration/mail_fixture.hpp"

namespace patchbay::testing {
namespace {

TEST_F(MailTest, ABounceFailsTheMailItIsAboutAndOpensNothing) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  (void)posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "sent"));
  const auto bounce = [](const std::string& id) {
    return "From: MAILER-DAEMON@mx.example\r\nMessage-ID: <b-" + id +
           ">\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
           "--b\r\n\r\nSorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; "
           "mx\r\n\r\nFinal-Recipient: rfc822; ana@example.org\r\n"
           "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 user unknown\r\n\r\n--b\r\nContent-Type: "
           "text/rfc822-headers\r\n\r\nMessage-ID: <" +
           id + ">\r\n\r\n--b--\r\n";
  };
  ASSERT_EQ(deliver(bounce("never-sent@patchbay.example"), ""), 200);
  EXPECT_EQ(query("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'"), "sent");
  ASSERT_EQ(deliver(bounce(ours["mail"]["message_id"].get<std::string>()), ""), 200);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "failed"));
  const auto failed = query(
      "SELECT error ->> 'class' || ' ' || (error ->> 'code') FROM {tenant}.inbox_messages WHERE direction = 'out'");
  EXPECT_EQ(failed, "bounced 5.1.1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_conversations"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "2");
}

TEST_F(MailTest, ABounceThatIsNoReportDoesTheSame) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  (void)posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "sent"));
  const auto bounce = [this](const std::string& body) {
    return deliver(
        "From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\n<ana@example.org>: 550 no such user\r\n" +
            body,
        "");
  };
  ASSERT_EQ(bounce(""), 200);
  ASSERT_EQ(bounce("\r\nMessage-ID: <never-sent@patchbay.example>\r\n"), 200);
  EXPECT_EQ(query("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'"), "sent");
  ASSERT_EQ(bounce("\r\nMessage-ID: <" + ours["mail"]["message_id"].get<std::string>() + ">\r\n"), 200);
  EXPECT_EQ(query("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'"), "failed");
  EXPECT_EQ(query("SELECT error ->> 'class' || ' ' || (error ->> 'code') FROM {tenant}.inbox_messages WHERE direction "
                  "= 'out'"),
            "bounced 550");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_conversations"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "2");
}

TEST_F(MailTest, AComplaintOptsOutWhomTheMailItNamesWentTo) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  ASSERT_EQ(deliver(mail("e0@other.example", "", "Hello", "eve@other.example"), "eve@other.example"), 200);
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  (void)posted(1);
  EXPECT_EQ(ours["mail"]["to"][0]["address"], "ana@example.org");
  const auto complaint = [](const std::string& type, const std::string& id, const std::string& report) {
    return "From: feedback@mx.example\r\nTo: help@patchbay.example\r\nMessage-ID: <" + report +
           "@mx.example>\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
           "--b\r\n\r\nSomebody complains\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: " +
           type +
           "\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <eve@other.example>\r\n\r\n--b\r\nContent-Type: "
           "message/rfc822\r\n\r\nTo: eve@other.example\r\nMessage-ID: <" +
           id + ">\r\nSubject: Re: Offer\r\n\r\nHi\r\n--b--\r\n";
  };
  const auto out = [this] {
    return query(
        "SELECT coalesce(string_agg(address, ' '), '') FROM {tenant}.pb_contact_addresses WHERE opted_out_at IS NOT "
        "NULL");
  };
  const auto our_id = ours["mail"]["message_id"].get<std::string>();
  ASSERT_EQ(deliver(complaint("not-spam", our_id, "c1"), ""), 200);
  ASSERT_EQ(deliver(complaint("abuse", "never-sent@patchbay.example", "c2"), ""), 200);
  ASSERT_EQ(deliver(complaint("abuse", "m0@example.org", "c3"), ""), 200) << "a mail of theirs";
  EXPECT_EQ(out(), "");

  ASSERT_EQ(deliver(complaint("abuse", our_id, "c4"), ""), 200);
  EXPECT_EQ(out(), "ana@example.org");
  ASSERT_EQ(deliver(complaint("abuse", our_id, "c4"), ""), 200);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_contacts WHERE opted_out_at IS NOT NULL"), "1");
  EXPECT_EQ(
      query(
          "SELECT count(*) FROM {tenant}.pb_events WHERE type = 'contact.updated' AND data @> '{\"opted_out\": true}'"),
      "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_conversations"), "2") << "no report opens one";
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "3");

  Json body{{"conversation_id", conversationOf("m0@example.org")}, {"direction", "out"}, {"content", "Again"}};
  std::promise<std::string> refused;
  service_.createMessage({"acme", {"user", "7", "Agent"}}, body, [&](Result<inbox::Document> document) {
    refused.set_value(document.ok() ? "" : document.error().code);
  });
  EXPECT_EQ(refused.get_future().get(), "opted_out");
}

TEST_F(MailTest, AComplaintIsAboutTheAddressThatTheMailWentTo) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  const auto ours = answer(conversation, "Hi");
  const auto token = posted(1).headers.reply_to.at(0).address;
  ASSERT_EQ(
      deliver(mail("m1@other.example", "", "From elsewhere", "Ana <ana@other.example>"), "ana@other.example", token),
      200);
  ASSERT_EQ(query("SELECT contact_identifier FROM {tenant}.inbox_conversations"), "ana@other.example");
  const std::string complaint =
      "From: feedback@mx.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\r\n--b\r\nContent-Type: "
      "text/rfc822-headers\r\n\r\nMessage-ID: <" +
      ours["mail"]["message_id"].get<std::string>() + ">\r\n\r\n--b--\r\n";
  const std::string opted_out =
      "SELECT string_agg(address, ' ') FROM {tenant}.pb_contact_addresses WHERE opted_out_at IS NOT NULL";
  ASSERT_EQ(deliver(complaint, ""), 200);
  EXPECT_EQ(query(opted_out), "ana@example.org");

  // Mail from before its recipient was kept with it: the conversation's address is the best that is known.
  query("UPDATE {tenant}.pb_contact_addresses SET opted_out_at = NULL RETURNING 1");
  query("UPDATE {tenant}.inbox_messages SET mail = mail - 'to' WHERE direction = 'out' RETURNING 1");
  ASSERT_EQ(deliver(complaint, ""), 200);
  EXPECT_EQ(query(opted_out), "ana@other.example");
}

}  // namespace
}  // namespace patchbay::testing
