// What is kept and shown of a mail, and what is noticed about its sender.
#include "base/text.hpp"
#include "integration/mail_fixture.hpp"
#include "media/repository.hpp"

namespace patchbay::testing {
namespace {

TEST_F(MailTest, HtmlFilesAndPicturesAreKeptAndSafe) {
  const std::string raw =
      "From: Ana <ana@example.org>\r\nSubject: Offer\r\nMessage-ID: <m0@example.org>\r\nContent-Type: "
      "multipart/related; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick=x()>Hi<script>alert(1)</script></p><img "
      "src=\"cid:i@x\"><img src=\"https://t.example/p\">\r\n"
      "--b\r\nContent-Type: image/png; name=\"a.png\"\r\nContent-ID: <i@x>\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n";
  ASSERT_EQ(deliver(raw), 200);
  ASSERT_EQ(deliver(raw), 200);  // the provider delivers twice
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "1");
  const auto message = messageOf("m0@example.org");
  ASSERT_TRUE(message.is_object());
  EXPECT_EQ(message["content"], "Hi");
  ASSERT_EQ(message["media"].size(), 1U);
  EXPECT_EQ(message["media"][0]["filename"], "a.png");
  const auto url = message["media"][0]["url"].get<std::string>();
  EXPECT_EQ(message["html"], "<p>Hi</p><img src=\"" + url + "\"><img data-remote-src=\"https://t.example/p\">");
  EXPECT_TRUE(store_.find(url.substr(url.rfind('/') + 1)).has_value());
  const auto source = message["mail"]["source"].get<std::string>();
  EXPECT_FALSE(store_.find(source.substr(source.rfind('/') + 1)).has_value()) << "a small one is in its row";
  const auto file = media::Repository(store_, pool_).find("acme", source.substr(source.rfind('/') + 1));
  ASSERT_TRUE(file.ok()) << "until somebody asks";
  EXPECT_EQ(contentOf(file->path), raw);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_media"), "2");
}

TEST_F(MailTest, APictureOfAParsedMailIsShownInItsHtml) {
  ASSERT_EQ(deliver("PNG", "ana@example.org", "", "", {{"X-Html", "<p>Hi</p><img src=\"cid:img1\">"}}), 200);
  const auto message = messageOf("parsed-1");
  ASSERT_TRUE(message.is_object());
  const auto url = message["media"][0]["url"].get<std::string>();
  EXPECT_EQ(message["html"], "<p>Hi</p><img src=\"" + url + "\">");
  EXPECT_TRUE(store_.find(url.substr(url.rfind('/') + 1)).has_value());
}

TEST_F(MailTest, ALargeRawMailIsAFile) {
  ASSERT_EQ(deliver(mail("m0@example.org", "", std::string(70'000, 'a'))), 200);
  const auto source = messageOf("m0@example.org")["mail"]["source"].get<std::string>();
  EXPECT_TRUE(store_.find(source.substr(source.rfind('/') + 1)).has_value());
  EXPECT_EQ(query("SELECT count(bytes) FROM {tenant}.pb_media"), "0");
}

TEST_F(MailTest, CaptionsOfFilesArePartOfTheText) {
  ASSERT_EQ(deliver("From: ana@example.org\r\nMessage-ID: <m0@example.org>\r\nContent-Type: application/pdf; "
                    "name=a.pdf\r\n\r\n%PDF\r\n"),
            200);
  Json file = messageOf("m0@example.org")["media"][0];
  file["caption"] = "The offer";
  (void)answer(conversationOf("m0@example.org"), "See below", {{"type", "document"}, {"media", Json::array({file})}});
  const auto sent = posted(1);
  EXPECT_EQ(trim(sent.text), "See below\n\nThe offer");
  EXPECT_EQ(sent.files.size(), 1U);
}

TEST_F(MailTest, EvenASmallMailIsNotTakenApartOnTheThreadThatBroughtIt) {
  ASSERT_EQ(deliver("From: ana@example.org\r\nMessage-ID: <m0@example.org>\r\nContent-Type: application/pdf; "
                    "name=a.pdf\r\n\r\n%PDF\r\n"),
            200);
  ASSERT_NE(kept_on_, std::thread::id()) << "the file is kept by the thread that took the mail apart";
  EXPECT_NE(kept_on_, std::this_thread::get_id());
}

TEST_F(MailTest, ProgramsAreMarked) {
  ASSERT_EQ(deliver(mail("m0@example.org", "Auto-Submitted: auto-replied\r\n", "I am away")), 200);
  const auto message = messageOf("m0@example.org");
  EXPECT_EQ(message["mail"]["automatic"], true);
  EXPECT_EQ(query("SELECT data ->> 'automatic' FROM {tenant}.pb_events WHERE type = 'message.received'"), "true");
}

TEST_F(MailTest, WhatIsKnownAboutTheSenderIsShownWithTheMail) {
  const auto checked = [](const char* checks) { return http::Headers{{"X-Checks", checks}}; };
  ASSERT_EQ(
      deliver(
          mail("m0@example.org"), "ana@example.org", "help@patchbay.example", "",
          checked(R"({"spf": "pass", "spam": "pass", "signatures": [{"domain": "example.org", "result": "pass"}]})")),
      200);
  EXPECT_EQ(messageOf("m0@example.org")["mail"]["sender_checks"],
            Json::parse(R"({"spf": "pass", "dkim": "pass", "dmarc": "pass", "spam": "pass"})"));
  EXPECT_EQ(query("SELECT is_spam FROM {tenant}.inbox_conversations"), "f");
  ASSERT_EQ(deliver(mail("m1@example.org")), 200);
  EXPECT_FALSE(messageOf("m1@example.org")["mail"].contains("sender_checks"));
}

TEST_F(MailTest, AConversationThatSpamBeginsIsMarked) {
  const http::Headers spam{{"X-Checks", R"({"spam": "fail"})"}};
  const auto marked = [this](const std::string& id) {
    return query("SELECT is_spam FROM {tenant}.inbox_conversations WHERE id = " + std::to_string(conversationOf(id)));
  };
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  ASSERT_EQ(deliver(mail("m1@example.org", "In-Reply-To: <m0@example.org>\r\n"), "ana@example.org",
                    "help@patchbay.example", "", spam),
            200);
  EXPECT_EQ(conversationOf("m1@example.org"), conversationOf("m0@example.org"));
  EXPECT_EQ(marked("m0@example.org"), "f") << "people know whom they talk to";
  ASSERT_EQ(deliver(mail("s0@evil.example", "", "Buy", "eve@evil.example"), "eve@evil.example", "help@patchbay.example",
                    "", spam),
            200);
  EXPECT_EQ(marked("s0@evil.example"), "t");
  EXPECT_EQ(messageOf("s0@evil.example")["mail"]["sender_checks"], Json::parse(R"({"spam": "fail"})"));
  inbox::ConversationQuery listed;
  EXPECT_EQ(parseJson(service_.conversations("acme", listed)->json).size(), 1U) << "spam is not with the others";
  listed.include_spam = true;
  EXPECT_EQ(parseJson(service_.conversations("acme", listed)->json).size(), 2U);
}

TEST_F(MailTest, WhatIsNoMailIsKeptForPeople) {
  ASSERT_EQ(deliver(""), 200);
  ASSERT_EQ(deliver("\r\n\r\nno header"), 200);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "0");
}

}  // namespace
}  // namespace patchbay::testing
