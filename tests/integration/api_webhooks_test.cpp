/// Webhooks through the API: what is answered, and what is stored when it is.
#include "integration/api_fixture.hpp"

namespace patchbay::testing {
namespace {

TEST_F(ApiTest, ASignedWebhookIsDurableWhenItIsAnswered) {
  const auto answer = send(webhook(webhookBody("wamid.1")));
  EXPECT_EQ(200, answer.status) << answer.response.body;
  EXPECT_EQ(1, rows("inbox_messages"));
  const auto list = call("GET", kRoot + "/conversations");
  ASSERT_EQ(1U, list.body.size());
  EXPECT_EQ("Hello", list.body[0]["last_message"]);
  EXPECT_EQ("whatsapp", list.body[0]["channel_name"]);
  EXPECT_EQ(1U, channel_->stats().webhooks[0]) << "accepted";
  EXPECT_EQ(200, send(webhook(webhookBody("wamid.2"), "/api/v1/webhooks/incoming/whatsapp")).status);
  EXPECT_EQ(2, rows("inbox_messages"));
}

TEST_F(ApiTest, TheSameWebhookFiftyTimesAtOnceIsOneMessage) {
  std::vector<std::future<http::Response>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(begin(webhook(webhookBody("wamid.same"))));
  for (auto& answer : answers) EXPECT_EQ(200, answer.get().status);
  EXPECT_EQ(1, rows("inbox_messages"));
  const auto list = call("GET", kRoot + "/conversations");
  EXPECT_EQ(1, list.body[0]["message_count"]);
  EXPECT_EQ(1, list.body[0]["unread_count"]);
}

TEST_F(ApiTest, AWebhookThatIsNotSignedStoresNothing) {
  const auto body = webhookBody("wamid.1");
  const auto good = std::string{webhook(body).header("X-Hub-Signature-256")};
  for (const std::string& signature :
       {std::string{}, std::string{"sha256="}, good.substr(0, good.size() - 1), good + "0", good.substr(7),
        "sha1=" + good.substr(7), std::string{"sha256=\xff"}}) {
    auto one = webhook(body);
    one.headers[1].value = signature;
    const auto answer = send(std::move(one));
    EXPECT_EQ(401, answer.status) << signature;
    EXPECT_EQ("signature_refused", answer.body["code"]);
    EXPECT_FALSE(answer.header("WWW-Authenticate").empty());
  }
  auto unsigned_one = webhook(body);
  unsigned_one.headers.resize(1);
  EXPECT_EQ(401, send(std::move(unsigned_one)).status);
  auto changed = webhook(body);
  changed.body[changed.body.size() / 2] ^= 1;
  EXPECT_EQ(401, send(std::move(changed)).status);
  EXPECT_EQ(0, rows("inbox_messages"));
  EXPECT_EQ(0, rows("pb_quarantine"));
  EXPECT_EQ(9U, channel_->stats().webhooks[3]) << "bad signature";
  EXPECT_FALSE(channel_->stats().lastRefusal().text.empty());
  EXPECT_EQ(Timestamp{}, channel_->stats().lastError().at) << "strangers make no failures";
}

TEST_F(ApiTest, AHandshakeIsAnsweredToWhoKnowsTheToken) {
  const auto ask = [&](const std::string& word) {
    return send(request(
        "GET", "/api/v1/webhooks/acme/whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" + word,
        "", {}));
  };
  const auto good = ask("test-verify-token");
  EXPECT_EQ(200, good.status);
  EXPECT_EQ("1158201444", good.response.body);
  const auto bad = ask("guess");
  EXPECT_EQ(403, bad.status);
  EXPECT_EQ(std::string::npos, bad.response.body.find("1158201444"));
}

TEST_F(ApiTest, WebhooksOfUnknownOrDisabledChannelsAreRefusedBeforeTheirBody) {
  for (const char* path : {"/api/v1/webhooks/acme/sms", "/api/v1/webhooks/globex/whatsapp",
                           "/api/v1/webhooks/incoming/sms", "/api/v1/webhooks/acme/whatsapp/no/such/path"}) {
    const auto answer = send(webhook(webhookBody("wamid.1"), path));
    EXPECT_EQ(404, answer.status) << path;
    EXPECT_EQ("webhook_not_found", answer.body["code"]) << path;
  }
  (void)send(webhook(webhookBody("wamid.1")));
  EXPECT_EQ(limits_.max_body, 4U << 20U);  // the manifest's, under the host's 32 MiB
  auto settings = channel_->settings();
  settings.name = "off";
  settings.enabled = false;
  auto off = factory_.create(std::move(settings));
  ASSERT_TRUE(off.ok()) << off.error().message;
  off_ = *off;
  const auto disabled = send(webhook(webhookBody("wamid.2"), "/api/v1/webhooks/acme/off"));
  EXPECT_EQ(503, disabled.status);
  EXPECT_EQ("channel_disabled", disabled.body["code"]);
  EXPECT_EQ("60", disabled.header("Retry-After"));
  EXPECT_EQ(1, rows("inbox_messages"));
}

TEST_F(ApiTest, WhatIsSignedButMakesNoSenseIsKeptAndAcknowledged) {
  const std::vector<std::string> bodies = {
      "", "not json", "{\"object\":", std::string(200000, '['), std::string("\xff\x00", 2), "[]", "7"};
  for (const auto& body : bodies) EXPECT_EQ(200, send(webhook(body)).status) << body.substr(0, 20);
  // "[]" and "7" are JSON that says nothing about this product: acknowledged, noted in the log, not kept.
  EXPECT_EQ(static_cast<std::int64_t>(bodies.size()) - 2, rows("pb_quarantine"));
  EXPECT_EQ(0, rows("inbox_messages"));
}

TEST_F(ApiTest, WithoutADatabaseAWebhookIsRefusedSoThatItComesAgain) {
  db::Lanes away(db::Connection::Options{.url = "postgresql://127.0.0.1:1/none",
                                         .connect_timeout = std::chrono::milliseconds{500}},
                 {}, 1);
  inbox::Ingest ingest(away);
  start(ingest);
  const auto answer = send(webhook(webhookBody("wamid.1")));
  EXPECT_EQ(503, answer.status);
  EXPECT_EQ("2", answer.header("Retry-After"));
  EXPECT_EQ(1U, channel_->stats().webhooks[5]) << "busy";
  router_.reset();
}

}  // namespace
}  // namespace patchbay::testing
