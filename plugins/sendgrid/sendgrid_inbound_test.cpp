// The mail that parsed mode is put together to; the cases themselves are transcripts/inbound_*.yaml.
#include "sendgrid_inbound.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::sendgrid {
namespace {

using patchbay::testing::FakeHost;
using patchbay::testing::FormItem;
using patchbay::testing::Webhook;

Json config() {
  return {{"api_key", "k"}, {"from_email", "help@patchbay.example"}, {"event_public_key", "p"}, {"inbound_token", "t"}};
}

testing::Turn receive(std::vector<FormItem> fields) {
  FakeHost host(config());
  Webhook webhook = Webhook::form(std::move(fields));
  webhook.suffix = "inbound/t";
  auto turn = host.receive(webhook);
  EXPECT_TRUE(turn.ok()) << turn.refused;
  return turn;
}

/// The message that the host would read.
std::string mailOf(std::vector<FormItem> fields) {
  const auto turn = receive(std::move(fields));
  return turn.events.empty() || !turn.events[0].contains("mime") ? "" : turn.blobs.at(turn.events[0].at("mime"));
}

TEST(ReadInbound, HandsARawMailOverByteForByte) {
  const std::string raw = std::string("Subject: x\r\n\r\n\0\xFF\r\n", 17);
  EXPECT_EQ(mailOf({{.name = "email", .value = raw}}), raw);
}

TEST(ReadInbound, WritesTheTextInTheCharsetThatSendGridNames) {
  EXPECT_EQ(mailOf({{.name = "headers", .value = "From: a@x.example\nSubject: Hi\n"},
                    {.name = "charsets", .value = R"({"text":"iso-8859-1"})"},
                    {.name = "text", .value = "Caf\xE9"}}),
            "From: a@x.example\nSubject: Hi\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=\"iso-8859-1\"\nContent-Transfer-Encoding: binary\n\nCaf\xE9");
}

TEST(ReadInbound, LeavesOutTheHeadersThatTheOldBodyHad) {
  const std::string mail = mailOf(
      {{.name = "headers",
        .value = "Content-Type: multipart/mixed;\n boundary=x\nFrom: a@x.example\ncontent-transfer-encoding: base64"},
       {.name = "html", .value = "<p>"}});
  EXPECT_EQ(mail.find("multipart/mixed"), std::string::npos);
  EXPECT_EQ(mail.find("base64"), std::string::npos);
  EXPECT_TRUE(mail.starts_with("From: a@x.example\nMIME-Version: 1.0\nContent-Type: text/html; charset=\"utf-8\"\n"));
}

TEST(ReadInbound, PutsTextAndHtmlIntoOneMail) {
  const std::string mail = mailOf({{.name = "text", .value = "one"}, {.name = "html", .value = "<p>one</p>"}});
  const auto at = mail.find("boundary=\"");
  ASSERT_NE(at, std::string::npos);
  const std::string boundary = "--" + mail.substr(at + 10, mail.find('"', at + 10) - at - 10);
  EXPECT_EQ(boundary.size(), 2u + 3 + 32) << "nobody can have foreseen it";
  EXPECT_NE(mail.find("\n\none\n" + boundary + "\n"), std::string::npos);
  EXPECT_NE(mail.find("\n\n<p>one</p>\n" + boundary + "--\n"), std::string::npos);
}

TEST(ReadInbound, ACharsetCannotAddAHeader) {
  for (const char* charset : {"x\\r\\nBcc: y", "a\\\"b", "", "a b", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee"}) {
    const std::string mail = mailOf(
        {{.name = "charsets", .value = std::string(R"({"text":")") + charset + "\"}"}, {.name = "text", .value = "t"}});
    EXPECT_NE(mail.find("charset=\"utf-8\""), std::string::npos) << charset;
  }
}

TEST(ReadInbound, MakesHeadersOfTheFieldsWhereTheBlockIsMissing) {
  const std::string mail = mailOf({{.name = "from", .value = "Ana <a@x.example>\r\nBcc: y@x.example"},
                                   {.name = "subject", .value = "Hi"},
                                   {.name = "text", .value = "t"}});
  EXPECT_TRUE(mail.starts_with("From: Ana <a@x.example>\nSubject: Hi\nMIME-Version: 1.0\n")) << mail;
}

TEST(ReadInbound, TakesAtMostAHundredFiles) {
  std::vector<FormItem> fields{{.name = "text", .value = "t"}};
  for (int i = 1; i <= 150; ++i)
    fields.push_back({.name = "attachment" + std::to_string(i), .value = "x", .file = true, .filename = "f"});
  EXPECT_EQ(receive(fields).events.at(0).at("media").size(), 100u);
}

TEST(ReadInbound, AnEmptyPostIsNothing) {
  EXPECT_TRUE(receive({}).events.empty());
}

TEST(ReadInbound, FilesAloneAreKeptForPeople) {
  const auto turn = receive({{.name = "attachment1", .value = "x", .file = true, .filename = "f"}});
  EXPECT_EQ(turn.events.at(0).at("kind"), "unparsed");
}

}  // namespace
}  // namespace patchbay::sendgrid
