// What a transcript cannot show: the bytes that are handed over, and the small readers. The rest is
// transcripts/in_*.yaml and status_*.yaml.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

#include "ses_account.hpp"
#include "ses_reader.hpp"

namespace patchbay::ses {
namespace {

using patchbay::testing::FakeHost;
using patchbay::testing::Turn;

constexpr const char* kTopic = "arn:aws:sns:eu-west-1:111122223333:patchbay-mail";

Json config(const std::string& region = "eu-west-1") {
  return {{"region", region},
          {"access_key_id", "AKIDPATCHBAYEXAMPLE0"},
          {"secret_access_key", "s"},
          {"from_address", "help@patchbay.example"},
          {"topic_arns", Json::array({kTopic})}};
}

std::string notification(const Json& notice) {
  return Json{{"Type", "Notification"},
              {"MessageId", "n-1"},
              {"TopicArn", kTopic},
              {"Timestamp", "2026-01-02T03:04:05.678Z"},
              {"Message", notice.dump()}}
      .dump();
}

Json received(const std::string& encoding, const std::string& content) {
  return {{"notificationType", "Received"},
          {"mail", {{"messageId", "m-1"}, {"source", "ana@example.org"}}},
          {"receipt",
           {{"timestamp", "2026-01-02T03:04:06.000Z"},
            {"recipients", Json::array({"help@in.patchbay.example"})},
            {"action", {{"type", "SNS"}, {"encoding", encoding}}}}},
          {"content", content}};
}

/// The bytes that the only event of the turn names as its mail.
std::string mailOf(const Turn& turn) {
  if (turn.events.size() != 1) return "(no event)";
  return turn.blobs.at(turn.events[0].at("mime").get<std::uint64_t>());
}

TEST(Receive, HandsOverTheMailByteForByte) {
  FakeHost host(config());
  EXPECT_EQ(mailOf(host.receive(notification(received("BASE64", "QTogYg0KDQrkDQo=")))), "A: b\r\n\r\n\xE4\r\n");
  EXPECT_EQ(mailOf(host.receive(notification(received("BASE64", "QTog\r\nYg0K")))), "A: b\r\n");
  EXPECT_EQ(mailOf(host.receive(notification(received("UTF-8", "A: b\r\n\r\n\u00e4\r\n")))), "A: b\r\n\r\n\u00e4\r\n");
}

TEST(Receive, AMailThatIsNotBase64IsKeptAsUnparsed) {
  FakeHost host(config());
  const auto turn = host.receive(notification(received("BASE64", "QTog!")));
  ASSERT_EQ(turn.events.size(), 1u);
  EXPECT_EQ(turn.events[0].at("kind"), "unparsed");
  EXPECT_EQ(turn.events[0].at("why"), "/content: is not base64");
}

TEST(Receive, WhatIsNoMessageOfATopicIsRefused) {
  FakeHost host(config());
  for (const char* body : {"", "x", "[]", "7", "{}", R"({"Type":[7]})"})
    EXPECT_EQ(host.receive(std::string(body)).status, PB_INVALID_INPUT) << body;
}

TEST(Receive, TheObjectIsAskedForAgainWithTheSameRequest) {
  FakeHost host(config());
  auto notice = received("BASE64", "");
  notice.erase("content");
  notice["receipt"]["action"] = {{"type", "S3"}, {"bucketName", "acme-mail"}, {"objectKey", "in/m 1"}};
  const auto turn = host.receive(notification(notice));
  ASSERT_EQ(turn.requests.size(), 1u);
  EXPECT_EQ(turn.requests[0].at("url"), "https://acme-mail.s3.eu-west-1.amazonaws.com/in/m%201");
  const auto again = host.resume({{"kind", "receive"}, {"id", "1"}}, *turn.carry, {});
  EXPECT_EQ(again.requests, turn.requests);
  EXPECT_EQ(again.carry, turn.carry);
}

TEST(Receive, AKeyThatAUrlWouldSwallowIsNotFetched) {
  FakeHost host(config());
  for (const char* key : {"", "/x", "../x", "a/../x", "a/.", "."}) {
    auto notice = received("BASE64", "");
    notice.erase("content");
    notice["receipt"]["action"] = {{"type", "S3"}, {"bucketName", "acme-mail"}, {"objectKey", key}};
    const auto turn = host.receive(notification(notice));
    EXPECT_TRUE(turn.requests.empty()) << key;
    ASSERT_EQ(turn.events.size(), 1u) << key;
    EXPECT_EQ(turn.events[0].at("why"), "/receipt/action/objectKey: is not a key that can be fetched");
  }
}

TEST(Reader, ReadsTheTimesThatSesWrites) {
  const auto text = [](std::string_view source) {
    const auto time = timeOf(source);
    return time ? rfc3339(*time) : "(none)";
  };
  EXPECT_EQ(text("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(text("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(text("2026-01-02T03:04:05 +0000"), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(text("2026-01-02T03:04:05.1234+02:00"), "2026-01-02T01:04:05.123Z");
  EXPECT_EQ(text("2026-01-01T00:30:00-0130"), "2026-01-01T02:00:00.000Z");
  for (const char* wrong :
       {"", "2026", "2026-02-30T00:00:00Z", "2026-01-02T25:00:00Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05Zx",
        "2026-01-02T03:04:05+1", "Fri, 2 Jan 2026", "-026-01-02T03:04:05Z"})
    EXPECT_EQ(text(wrong), "(none)") << wrong;
}

TEST(Reader, ReadsBase64) {
  EXPECT_EQ(fromBase64(""), "");
  EXPECT_EQ(fromBase64("YQ=="), "a");
  EXPECT_EQ(fromBase64("YWI="), "ab");
  EXPECT_EQ(fromBase64("YWI"), "ab") << "padding may be missing";
  EXPECT_EQ(fromBase64("Y\nWJj"), "abc");
  for (const char* wrong : {"Y", "YQ==YQ==", "Y-Q", "YWJjZ"}) EXPECT_EQ(fromBase64(wrong), std::nullopt) << wrong;
}

TEST(Reader, FindsTheAddress) {
  EXPECT_EQ(addressIn("ana@example.org"), "ana@example.org");
  EXPECT_EQ(addressIn("\"Lovelace, Ana\" <ana@example.org>"), "ana@example.org");
  for (const char* none : {"", "<>", "Ana", "@example.org", "ana@", "a b@example.org", "a@b, c@d"})
    EXPECT_EQ(addressIn(none), "") << none;
}

TEST(Account, KnowsTheMessageIdThatRecipientsSee) {
  const auto idIn = [](const std::string& region) {
    return messageIdOnTheWire(Account(Context({{"config", config(region)}}, nullptr)), "0102018f");
  };
  EXPECT_EQ(idIn("eu-west-1"), "0102018f@eu-west-1.amazonses.com");
  EXPECT_EQ(idIn("us-east-1"), "0102018f@email.amazonses.com");
}

TEST(Account, AsksTheServerThatHasACertificateForTheBucket) {
  const Account plain(Context({{"config", config()}}, nullptr));
  EXPECT_EQ(objectUrl(plain, "acme-mail", "a/b+c"), "https://acme-mail.s3.eu-west-1.amazonaws.com/a/b%2Bc");
  EXPECT_EQ(objectUrl(plain, "acme.mail", "k"), "https://s3.eu-west-1.amazonaws.com/acme.mail/k");
  auto other = config();
  other["s3_base_url"] = "http://127.0.0.1:9/";
  EXPECT_EQ(objectUrl(Account(Context({{"config", other}}, nullptr)), "acme-mail", "\u00e9"),
            "http://127.0.0.1:9/acme-mail/%C3%A9");
}

}  // namespace
}  // namespace patchbay::ses
