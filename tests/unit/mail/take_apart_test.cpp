#include "mail/take_apart.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "mail/sender_checks.hpp"
#include "media/repository.hpp"

namespace patchbay::mail {
namespace {

using connectors::Event;
using connectors::EventKind;

const Timestamp kNow = *parseRfc3339("2026-01-05T10:00:00Z");

std::vector<Event> take(Event event, BlobBytes blobs = {}) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  return takeApart(std::move(events), blobs, kNow);
}
Event raw() {
  Event event;
  event.mime = 7;
  return event;
}

TEST(TakeApart, FillsInWhatTheEventDoesNotSay) {
  const std::string mail =
      "From: Ana <Ana@example.org>\r\nSubject: Hi\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 5 Jan 2026 09:00:00 "
      "+0000\r\n"
      "References: <a@x> <b@x>\r\nIn-Reply-To: <c@x>\r\nReply-To: list@example.org\r\n\r\nHello\r\n";
  auto events = take(raw(), {{7, mail}});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].id, "m@example.org");
  EXPECT_EQ(events[0].from.address, (connectors::Address{"email", "ana@example.org"}));
  EXPECT_EQ(events[0].from.name, "Ana");
  EXPECT_EQ(formatRfc3339(events[0].timestamp), "2026-01-05T09:00:00.000Z");
  EXPECT_EQ(events[0].type, "text");
  EXPECT_EQ(events[0].subject, "Hi");
  EXPECT_EQ(events[0].text, "Hello");
  EXPECT_EQ(events[0].mail->answers, (std::vector<std::string>{"c@x", "b@x", "a@x"}));
  EXPECT_EQ(events[0].mail->answer_to, (connectors::Address{"email", "list@example.org"}));
  EXPECT_EQ(events[0].extra["thread"]["in_reply_to"], "c@x");

  auto own = raw();
  own.id = "provider-1";
  own.subject = "Another";
  own.from.address = {"email", "x@y.example"};
  own.timestamp = kNow;
  events = take(std::move(own), {{7, mail}});
  EXPECT_EQ(events[0].id, "provider-1");
  EXPECT_EQ(events[0].subject, "Another");
  EXPECT_EQ(events[0].from.address.address, "x@y.example");
  EXPECT_EQ(events[0].timestamp, kNow);
  EXPECT_EQ(events[0].mail->message_id, "m@example.org");
}

TEST(TakeApart, BelievesADateThatIsADayOffAtMost) {
  const auto time = [](const std::string& date) {
    return formatRfc3339(take(raw(), {{7, "From: a@b.example\r\nDate: " + date + "\r\n\r\nx"}})[0].timestamp);
  };
  EXPECT_EQ(time("Sun, 4 Jan 2026 10:00:00 +0000"), "2026-01-04T10:00:00.000Z");
  EXPECT_EQ(time("Sun, 4 Jan 2026 09:59:59 +0000"), formatRfc3339(kNow));
  EXPECT_EQ(time("Tue, 6 Jan 2026 10:00:00 +0000"), "2026-01-06T10:00:00.000Z");
  EXPECT_EQ(time("Tue, 6 Jan 2026 10:00:01 +0000"), formatRfc3339(kNow));
  EXPECT_EQ(time("long ago"), formatRfc3339(kNow));
}

TEST(TakeApart, MailFromOurselvesIsAutomaticAndAnswersNeverGoToUs) {
  const auto judged = [](const std::string& from, const std::string& reply_to) {
    BlobBytes blobs{{7, "From: " + from + "\r\nReply-To: " + reply_to + "\r\nMessage-ID: <m@x>\r\n\r\nHello\r\n"}};
    return *takeApart({raw()}, blobs, kNow, {"help@p.example"}).at(0).mail;
  };
  EXPECT_TRUE(judged("Help+abc@P.example", "x@y.example").automatic);
  EXPECT_FALSE(judged("ana@p.example", "x@y.example").automatic);
  EXPECT_EQ(judged("ana@p.example", "x@y.example").answer_to, (connectors::Address{"email", "x@y.example"}));
  EXPECT_FALSE(judged("ana@p.example", "help+abcdefghijklmnop@p.example").answer_to.has_value());
}

TEST(TakeApart, ReadsTheHeaderLinesOfParsedMail) {
  Event event;
  event.id = "p1";
  event.from.address = {"email", "ana@example.org"};
  event.type = "text";
  event.timestamp = kNow;
  event.text = "Yes\n\nOn 2 Jan 2026, Help <h@p.example> wrote:\n> ok?";
  event.html = "<p onclick=x>Yes</p>";
  event.headers = {{"Message-ID", "<m@example.org>"}, {"In-Reply-To", "<o@x>"}, {"Auto-Submitted", "auto-replied"}};
  event.envelope = connectors::Envelope{"ana@example.org", {"help+ABCDEFGHIJKLMNOP@p.example", "help@p.example"}};
  const auto events = take(std::move(event));
  EXPECT_EQ(events[0].text, "Yes");
  EXPECT_EQ(events[0].mail->html, "<p>Yes</p>");
  EXPECT_NE(events[0].mail->full_text, "");
  EXPECT_EQ(events[0].mail->message_id, "m@example.org");
  EXPECT_EQ(events[0].mail->answers, std::vector<std::string>{"o@x"});
  EXPECT_EQ(events[0].mail->tokens, std::vector<std::string>{"abcdefghijklmnop"});
  EXPECT_TRUE(events[0].mail->automatic);
}

TEST(TakeApart, ShowsThePicturesOfParsedMailInItsHtml) {
  Event event;
  event.id = "p1";
  event.from.address = {"email", "ana@example.org"};
  event.timestamp = kNow;
  event.html = "<img src=\"cid:img1\"><img src=\"cid:img2\" alt=\"gone\"><img src=\"cid:img3\">";
  event.media.resize(3);
  event.media[0].blob = 1;
  event.media[0].content_id = "img1";
  event.media[1].provider_id = "fetched later";
  event.media[1].content_id = "img2";
  event.media[2].blob = 99;  // not there
  event.media[2].content_id = "img3";
  const auto events = take(std::move(event), {{1, "PNG"}});
  EXPECT_EQ(events[0].mail->html, "<img src=\"" +
                                      media::urlOf(crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, "PNG"))) +
                                      "\"><img alt=\"gone\">");
  EXPECT_EQ(events[0].media.size(), 3U);
}

TEST(TakeApart, MarkupThatUtf7HidesIsCleanedLikeAnyOther) {
  const auto html = [](const std::string& type, const std::string& body) {
    return take(raw(), {{7, "From: a@b.example\r\nContent-Type: text/html" + type + "\r\n\r\n" + body}})[0].mail->html;
  };
  const std::string hidden = "+ADw-p+AD4-Hi+ADw-/p+AD4- +ADw-script+AD4-alert(1)+ADw-/script+AD4-";
  const auto declared = html("; charset=utf-7", hidden);
  EXPECT_NE(declared.find("<p>Hi</p>"), std::string::npos) << declared;
  EXPECT_EQ(declared.find("script"), std::string::npos) << declared;
  EXPECT_EQ(html("", hidden).find("<p>"), std::string::npos) << "without a declaration it is text";
  EXPECT_EQ(take(raw(), {{7, "From: a@b.example\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n" + hidden}})[0].text,
            "<p>Hi</p> <script>alert(1)</script>")
      << "text is text, whatever is in it";
}

TEST(TakeApart, ShowsWhatIsKnownAboutTheSender) {
  const auto shown = [](const std::string& header, const std::string& envelope, connectors::SenderChecks checks) {
    auto event = raw();
    event.envelope = connectors::Envelope{envelope, {}};
    event.sender_checks = std::move(checks);
    const auto events = take(std::move(event), {{7, header + "Message-ID: <m@x>\r\n\r\nHello\r\n"}});
    return events.at(0).mail->shown.at("sender_checks").dump();
  };
  const std::string ana = "From: Ana <Ana@Example.org>\r\n";
  using Checks = connectors::SenderChecks;
  const Checks signed_by_her{"fail", "", "", "", {{"list.example", "pass"}, {"mail.example.org", "pass"}}};
  EXPECT_EQ(shown(ana, "x@list.example", signed_by_her), R"({"dkim":"pass","dmarc":"pass","spf":"fail"})");
  EXPECT_EQ(shown(ana, "bounce@mail.example.org", {"pass", "", "", "", {}}), R"({"dmarc":"pass","spf":"pass"})");
  EXPECT_EQ(shown(ana, "eve@evil.example", {"pass", "", "", "", {{"evil.example", "pass"}}}),
            R"({"dkim":"none","dmarc":"unknown","spf":"pass"})");
  EXPECT_EQ(shown(ana, "", {"pass", "fail", "", "", {}}), R"({"dkim":"fail","dmarc":"unknown","spf":"pass"})");
  EXPECT_EQ(shown(ana, "eve@evil.example", {"pass", "pass", "fail", "fail", {}}),
            R"({"dkim":"pass","dmarc":"fail","spam":"fail","spf":"pass"})")
      << "what the provider says of all of it goes before what can be worked out";
  EXPECT_EQ(shown(ana, "", {"", "", "", "pass", {}}), R"({"spam":"pass"})");

  // Where it is not certain who is shown as the sender, no domain speaks for him.
  for (const char* several :
       {"From: ana@example.org\r\nFrom: eve@evil.example\r\n", "From: eve@evil.example\r\nFrom: ana@example.org\r\n",
        "From: ana@example.org, eve@evil.example\r\n"})
    EXPECT_EQ(
        shown(several, "ana@example.org", {"pass", "", "", "", {{"example.org", "pass"}, {"evil.example", "pass"}}}),
        R"({"dkim":"unknown","dmarc":"unknown","spf":"pass"})")
        << several;
  EXPECT_EQ(shown("From: \"ana@example.org\" <eve@evil.example>\r\n", "", {"", "", "", "", {{"example.org", "pass"}}}),
            R"({"dkim":"none","dmarc":"unknown"})");
  EXPECT_FALSE(take(raw(), {{7, ana + "\r\nHello"}}).at(0).mail->shown.contains("sender_checks"));
}

TEST(Aligned, IsADomainOfTheSameOrganisation) {
  for (const auto& [a, b] : {std::pair{"example.org", "Example.ORG"},
                             {"mail.example.org", "example.org"},
                             {"example.org", "a.b.example.org"},
                             {"a.example.org", "b.example.org"},
                             {"mail.example.co.uk", "news.example.co.uk"},
                             {"xn--bcher-kva.example", "mail.xn--bcher-kva.example"},
                             {"localhost", "localhost"}}) {
    EXPECT_TRUE(aligned(a, b)) << a << ' ' << b;
    EXPECT_TRUE(aligned(b, a)) << a << ' ' << b;
  }
  for (const auto& [a, b] : {std::pair{"example.org", "badexample.org"},
                             {"org", "example.org"},
                             {"", ""},
                             {"", "example.org"},
                             {".org", "example.org"},
                             {"a.co.uk", "b.co.uk"},
                             {"co.uk", "b.co.uk"},
                             {"github.io", "eve.github.io"},  // whoever has a page there does not send for the others
                             {"one.github.io", "two.github.io"}}) {
    EXPECT_FALSE(aligned(a, b)) << a << ' ' << b;
    EXPECT_FALSE(aligned(b, a)) << a << ' ' << b;
  }
  EXPECT_FALSE(aligned(std::string_view("example.org\0.evil.example", 24), "example.org"));
}

TEST(TakeApart, LeavesWhatIsNoMailAlone) {
  Event event;
  event.id = "1";
  event.text = "> a\nOn 2 Jan 2026 x@y wrote:";
  const auto events = take(std::move(event));
  EXPECT_EQ(events[0].text, "> a\nOn 2 Jan 2026 x@y wrote:");
  EXPECT_EQ(events[0].mail, nullptr);
}

TEST(TakeApart, MakesStatusesOfReports) {
  const auto report = [](const std::string& action) {
    return "From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; "
           "boundary=b\r\n\r\n--b\r\n\r\nx\r\n"
           "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; "
           "a@b.example\r\nAction: " +
           action +
           "\r\nStatus: 5.2.2\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: "
           "<00000000-0000-4000-8000-000000000001@p.example>\r\n\r\n--b--\r\n";
  };
  auto events = take(raw(), {{7, report("failed")}});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, EventKind::kStatus);
  EXPECT_EQ(events[0].status, "failed");
  EXPECT_EQ(events[0].error->error_class, "bounced");
  EXPECT_EQ(events[0].error->code, "5.2.2");
  EXPECT_EQ(events[0].ref, "00000000-0000-4000-8000-000000000001");
  EXPECT_EQ(take(raw(), {{7, report("delivered")}})[0].status, "delivered");
  EXPECT_TRUE(take(raw(), {{7, report("delayed")}}).empty());
  const auto nameless = take(
      raw(),
      {{7,
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"}});
  EXPECT_EQ(nameless[0].kind, EventKind::kUnparsed);
}

TEST(TakeApart, ReadsBouncesThatAreNoReports) {
  const auto bounce = [](const std::string& header, const std::string& body, const std::string& from = "") {
    auto event = raw();
    event.envelope = connectors::Envelope{from, {"help@p.example"}};
    return take(std::move(event), {{7, header + "Subject: failure notice\r\n\r\n" + body}});
  };
  const std::string daemon = "From: MAILER-DAEMON@mx.example\r\n";
  const std::string reason = "<ana@b.example>:\r\n192.0.2.5 said: 550 5.1.1 no such user\r\n\r\n";
  const std::string copy =
      "--- Below this line is a copy.\r\n\r\nSubject: Re: 550 bikes\r\nMessage-ID:\r\n "
      "<00000000-0000-4000-8000-000000000001@p.example>\r\n\r\nHi\r\n";
  auto events = bounce(daemon, reason + copy);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, EventKind::kStatus);
  EXPECT_EQ(events[0].status, "failed");
  EXPECT_EQ(events[0].ref, "00000000-0000-4000-8000-000000000001");
  EXPECT_EQ(events[0].error->error_class, "bounced");
  EXPECT_EQ(events[0].error->code, "550");
  EXPECT_EQ(events[0].error->text, "192.0.2.5 said: 550 5.1.1 no such user");
  EXPECT_TRUE(events[0].mail->report);

  events = bounce("From: x@mx.example\r\nX-Failed-Recipients: ana@b.example\r\n", "Sorry\r\n> " + copy, "x@mx.example");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].status, "failed");
  EXPECT_EQ(bounce(daemon + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
                   "--b\r\n\r\n" + reason +
                       "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: "
                       "<ours@p.example>\r\n\r\nHi\r\n--b--\r\n")
                .at(0)
                .mail->answers,
            std::vector<std::string>{"ours@p.example"});
  EXPECT_EQ(bounce(daemon + "Content-Type: text/html\r\n",
                   "<p>ana@b.example: 552 full</p><p>Message-ID: &lt;ours@p.example&gt;</p>")
                .at(0)
                .error->code,
            "552");

  EXPECT_TRUE(bounce(daemon, "ana@b.example: 451 4.7.1 later, will try for 5 days\r\n" + copy).empty()) << "a delay";
  EXPECT_EQ(bounce(daemon, reason).at(0).kind, EventKind::kUnparsed) << "it names no mail";
  EXPECT_EQ(bounce(daemon, reason + std::string(70'000, 'x') + "\r\n" + copy).at(0).kind, EventKind::kUnparsed);
  EXPECT_EQ(bounce(daemon, reason + copy, "ana@b.example").at(0).kind, EventKind::kMessage) << "it has a sender";
  EXPECT_EQ(bounce("From: ana@b.example\r\n", reason + copy).at(0).kind, EventKind::kMessage);
}

TEST(TakeApart, MakesOptOutsOfComplaints) {
  const auto complaint = [](const std::string& fields, const std::string& returned) {
    return take(raw(), {{7,
                         "From: feedback@mx.example\r\nContent-Type: multipart/report; report-type=feedback-report; "
                         "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n" +
                             fields + "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + returned +
                             "Subject: Offer\r\n\r\n--b--\r\n"}});
  };
  const std::string ours = "Message-ID: <ours@p.example>\r\n";
  for (const char* type : {"abuse", "fraud", "other"}) {
    const auto events = complaint(std::string("Version: 1\r\nFeedback-Type: ") + type + "\r\n", ours);
    ASSERT_EQ(events.size(), 1U) << type;
    EXPECT_EQ(events[0].kind, EventKind::kOptOut);
    EXPECT_EQ(events[0].contact.address, "") << "only the inbox knows whom the mail went to";
    EXPECT_EQ(events[0].message_id, "ours@p.example");
    EXPECT_EQ(events[0].mail->answers, std::vector<std::string>{"ours@p.example"});
    EXPECT_TRUE(events[0].mail->report);
    EXPECT_FALSE(events[0].id.empty()) << "the same complaint counts once";
  }
  EXPECT_TRUE(complaint("Feedback-Type: not-spam\r\n", ours).empty());
  EXPECT_TRUE(complaint("Version: 1\r\n", ours).empty());
  EXPECT_EQ(complaint("Feedback-Type: abuse\r\n", "")[0].kind, EventKind::kUnparsed);
}

TEST(TakeApart, KeepsForPeopleWhatItCannotRead) {
  EXPECT_EQ(take(raw(), {{7, ""}})[0].kind, EventKind::kUnparsed);
  EXPECT_EQ(take(raw())[0].kind, EventKind::kUnparsed);
  EXPECT_EQ(take(raw(), {{7, "Subject: nobody\r\n\r\nx"}})[0].why, "the mail names no sender");
}

TEST(TakeApart, NamesOfFilesAreWhatTheySeem) {
  Event event;
  event.text = "Hello";
  event.from.address = {"email", "ana@example.org"};
  event.headers = {{"Message-ID", "<m@x>"}};
  event.media.resize(1);
  event.media[0].blob = 3;
  event.media[0].filename = "../in\xE2\x80\xAE";
  event.media[0].filename += "fdp.exe";
  EXPECT_EQ(take(std::move(event)).at(0).media.at(0).filename, "infdp.exe");
  const auto events =
      take(raw(), {{7, "From: a@b.example\r\nContent-Type: application/pdf; name=\"C:\\\\x\\\\a.pdf\"\r\n\r\nx"}});
  EXPECT_EQ(events.at(0).media.at(0).filename, "a.pdf");
}

TEST(TakeApart, GivesFilesIdsAboveThoseOfTheTurn) {
  BlobBytes blobs{
      {7,
       "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: "
       "image/png; name=a.png\r\n\r\nPNG\r\n--b--\r\n"}};
  std::vector<Event> events;
  events.push_back(raw());
  events = takeApart(std::move(events), blobs, kNow);
  ASSERT_EQ(events[0].media.size(), 1U);
  EXPECT_EQ(events[0].media[0].blob, kFirstFileBlob);
  EXPECT_EQ(blobs.at(kFirstFileBlob), "PNG");
  EXPECT_EQ(events[0].media[0].size, 3);
  EXPECT_TRUE(events[0].id.ends_with("@synthetic.invalid"));
}

TEST(Token, SurvivesTheWayOutAndBack) {
  const auto token = newToken();
  EXPECT_EQ(token.size(), 16U);
  EXPECT_NE(newToken(), token);
  EXPECT_EQ(tokenIn(withToken("help@p.example", token)), token);
  EXPECT_EQ(tokenIn("HELP+ABCDEFGHIJKLMNO2@P.EXAMPLE"), "abcdefghijklmno2");
  for (const char* none : {"help@p.example", "help+short@p.example", "help+abcdefghijklmno1@p.example", "", "@", "+@"})
    EXPECT_EQ(tokenIn(none), "") << none;
  EXPECT_EQ(withToken(std::string(60, 'x') + "@p.example", token), "");
  EXPECT_EQ(withToken("nobody", token), "");
}

}  // namespace
}  // namespace patchbay::mail
