// What a webhook's turn may ask for beside events: files, requests that are made afterwards, throttles. From the HTTP
// request to the provider's server, with a connector that does what its input says.
#include <gtest/gtest.h>

#include "api/api.hpp"
#include "api/api_keys.hpp"
#include "inbox/service.hpp"
#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using namespace std::chrono_literals;

const Script kOk = [](const std::string&) { return std::optional(testing_support::answer("{}")); };
/// resume() of the scripted connector does what the answer's body says.
Script says(const Json& script) {
  return [text = dumpJson(script)](const std::string&) { return std::optional(testing_support::answer(text)); };
}

class ReceiveEffectsTest : public DeliveryTest {
 protected:
  ReceiveEffectsTest()
      : scripted_({SCRIPTED_LIBRARY}, "/tmp"),
        scripted_factory_(scripted_),
        ingest_(lanes_),
        service_(lanes_, pool_, [this](std::string_view, std::string_view) { return channel_; }),
        authenticator_(settings(), api::findApiKeyIn(pool_)) {}

  static api::AuthSettings settings() {
    api::AuthSettings settings;
    settings.secret = "integration-secret-0123456789-abcdefghij";
    return settings;
  }
  void SetUp() override {
    DeliveryTest::SetUp();
    query("DELETE FROM {tenant}.inbox_conversations RETURNING 1");  // the ingest makes its own
    channel_ = scripted();
    provider_.otherwise(kOk);
  }
  void TearDown() override {
    router_.reset();
    dispatcher_.reset();
  }

  std::shared_ptr<connectors::Channel> scripted() {
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "support";
    settings.connector = "scripted";
    settings.egress_allow = {provider_.authority()};
    settings.config = {{"number", "1061"}, {"secret", "the-app-secret"}, {"base_url", provider_.url()}};
    auto channel = scripted_factory_.create(std::move(settings));
    EXPECT_TRUE(channel.ok()) << (channel.ok() ? "" : channel.error().message);
    return channel.ok() ? *channel : nullptr;
  }

  void serve() {
    start();
    router_ = std::make_unique<api::Router>(api::Dependencies{
        .inbox = service_,
        .ingest = ingest_,
        .tenants = tenants_,
        .authenticator = authenticator_,
        .find_channel = [this](std::string_view, std::string_view) { return channel_; },
        .find_legacy_channel = [](std::string_view) { return nullptr; },
        .effects = {.keep = [this](auto blobs, auto done) { dispatcher_->keep(std::move(blobs), std::move(done)); },
                    .throttle = [this](const auto& channel,
                                       const auto& throttles) { dispatcher_->throttle(channel, throttles); },
                    .queued = [this] { dispatcher_->wake(); }},
        .readiness = [] { return api::Readiness{}; },
        .version = "1.2.3",
        .platforms = {"scripted"},
        .worker_threads = 2});
  }

  /// The script as a signed webhook. @return the status of the answer
  int deliver(const Json& script) {
    connectors::UnsignedWebhook webhook{"POST", "", "", {{"Content-Type", "application/json"}}, dumpJson(script)};
    channel_->sign(webhook, now());
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/webhooks/acme/support";
    request.headers = webhook.headers;
    request.body = webhook.body;
    request.id = "test";
    std::promise<int> status;
    auto answered = status.get_future();
    router_->handle(std::move(request), [&status](http::Response response) { status.set_value(response.status); });
    return answered.get();
  }

  static Json emit(int kind, Json json) { return {{"emit", kind}, {"json", std::move(json)}}; }
  Json request(const std::string& path, const std::string& repeat = "safe", Json more = Json::object()) {
    Json document{{"method", "POST"}, {"url", provider_.url() + path}, {"repeat", repeat}};
    document.update(more);
    return emit(PB_EMIT_REQUEST, document);
  }
  static Json message(const std::string& id, Json more = Json::object()) {
    Json event{{"kind", "message"},
               {"id", id},
               {"timestamp", "2026-01-05T10:00:00Z"},
               {"from", {{"kind", "phone"}, {"address", "+15550100"}}},
               {"type", "text"},
               {"text", "Hi"}};
    event.update(more);
    return emit(PB_EMIT_EVENT, event);
  }
  static Json sent() { return Json::array({emit(PB_EMIT_RESULT, {{"status", "sent"}})}); }
  ::testing::AssertionResult jobsDone() { return becomes("SELECT count(*) FROM patchbay.due", "0"); }

  connectors::ConnectorSet scripted_;
  connectors::ChannelFactory scripted_factory_;
  inbox::Ingest ingest_;
  inbox::Service service_;
  api::Authenticator authenticator_;
  std::unique_ptr<api::Router> router_;
};

TEST_F(ReceiveEffectsTest, ARequestIsMadeAfterItsEventsAreDurable) {
  std::string messages;
  provider_.next([&](const std::string&) {
    messages = query("SELECT count(*) FROM {tenant}.inbox_messages WHERE external_id = 'm1'");
    return std::optional(testing_support::answer("{}"));
  });
  serve();
  EXPECT_EQ(deliver(Json::array({message("m1"), request("/ack"), emit(PB_EMIT_CARRY, "token of m1")})), 202);
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_TRUE(jobsDone());
  EXPECT_EQ(messages, "1");
  EXPECT_EQ(provider_.requests()[0].rfind("POST /ack ", 0), 0U);
}

TEST_F(ReceiveEffectsTest, TheAnswerGoesToResumeWhichMayGoOnOrTellEvents) {
  provider_.next(says(Json::array({message("m2"), request("/second")})));
  provider_.next(says(sent()));
  serve();
  EXPECT_EQ(deliver(Json::array({request("/first")})), 202);
  ASSERT_TRUE(provider_.waitForRequests(2));
  EXPECT_TRUE(jobsDone());
  EXPECT_EQ(provider_.requests()[1].rfind("POST /second ", 0), 0U);
}

TEST_F(ReceiveEffectsTest, WhatAnAnswerBroughtIsDurableBeforeTheJobEnds) {
  std::atomic<int> refused{0};
  on_events_ = [&](const auto& channel, auto events, const auto& stored) {
    if (refused < 2) {
      EXPECT_EQ(query("SELECT count(*) FROM patchbay.due"), "1") << "the job waits";
      ++refused;
      return stored(false);  // the lane is full, or the database away
    }
    if (!ingest_.submit(channel, std::move(events), stored)) stored(false);
  };
  provider_.next(says(Json::array({message("fetched"), emit(PB_EMIT_RESULT, {{"status", "sent"}})})));
  serve();
  EXPECT_EQ(deliver(Json::array({request("/fetch")})), 202);
  EXPECT_TRUE(jobsDone());
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages WHERE external_id = 'fetched'"), "1");
  EXPECT_EQ(provider_.requests().size(), 1U);
}

TEST_F(ReceiveEffectsTest, ARequestSurvivesARestartWithItsSecrets) {
  serve();
  dispatcher_->stop();  // stored, and nobody there to make it
  const Json auth{{"headers", Json::array({Json::array({"X-Key", channel_->secrets().marker("secret")})})}};
  EXPECT_EQ(deliver(Json::array({message("m1"), request("/ack", "safe", auth)})), 202);
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.due WHERE kind = 'request'"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.due WHERE payload::text LIKE '%the-app-secret%'"), "0");
  router_.reset();
  dispatcher_.reset();
  // Another start has other markers: to the new host, those in the job are as from another life.
  const auto marker = channel_->secrets().marker("secret");
  const auto nonce = marker.substr(marker.rfind(':') + 1, 32);
  database_.query("UPDATE patchbay.due SET payload = replace(payload::text, '" + nonce + "', '" + std::string(32, '0') +
                  "')::jsonb RETURNING 1");
  start();
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_NE(provider_.requests()[0].find("X-Key: the-app-secret\r\n"), std::string::npos) << provider_.requests()[0];
  EXPECT_TRUE(jobsDone());
}

TEST_F(ReceiveEffectsTest, ASafeRequestComesAgainUntilItIsAnsweredAndAnUnsafeOneDoesNot) {
  const Script close = [](const std::string&) { return std::optional<std::string>(); };
  provider_.next(close);
  serve();
  EXPECT_EQ(deliver(Json::array({request("/unsafe", "unsafe")})), 202);
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_TRUE(jobsDone());
  EXPECT_EQ(provider_.requests().size(), 1U);
  provider_.next(close);
  EXPECT_EQ(deliver(Json::array({request("/safe")})), 202);
  ASSERT_TRUE(provider_.waitForRequests(3));
  EXPECT_TRUE(jobsDone());
  EXPECT_EQ(countContaining(provider_.requests(), "POST /safe "), 2U);
}

TEST_F(ReceiveEffectsTest, AnUnsafeRequestThatACrashInterruptedIsNotRepeated) {
  on_events_ = [&](const auto& channel, auto events, const auto& stored) {
    if (!ingest_.submit(channel, std::move(events), stored)) stored(false);
  };
  serve();
  dispatcher_->stop();
  EXPECT_EQ(deliver(Json::array({request("/unsafe", "unsafe")})), 202);
  query("UPDATE patchbay.due SET payload = payload || '{\"started\": true, \"unsafe\": true}' RETURNING 1");
  router_.reset();
  dispatcher_.reset();
  start();
  EXPECT_TRUE(jobsDone());
  EXPECT_TRUE(provider_.requests().empty());
  EXPECT_EQ(query("SELECT reason ~ 'given up' AND convert_from(body, 'UTF8') ~ '/unsafe' FROM {tenant}.pb_quarantine"),
            "t")
      << "what it asked for is kept";
}

TEST_F(ReceiveEffectsTest, BytesOfAMessageBecomeAFileOfTheTenant) {
  serve();
  const Json media = Json::array({{{"blob", 1000000}, {"mime_type", "text/plain"}, {"filename", "a.txt"}}});
  EXPECT_EQ(
      deliver(Json::array({Json{{"blob", "the bytes"}}, message("m1", {{"type", "document"}, {"media", media}})})),
      202);
  const auto sha256 = query("SELECT media -> 0 ->> 'sha256' FROM {tenant}.inbox_messages WHERE external_id = 'm1'");
  ASSERT_EQ(sha256.size(), 64U);
  EXPECT_EQ(query("SELECT media -> 0 ->> 'state' FROM {tenant}.inbox_messages WHERE external_id = 'm1'"), "stored");
  EXPECT_EQ(query("SELECT media -> 0 ->> 'url' FROM {tenant}.inbox_messages WHERE external_id = 'm1'"),
            "/api/v1/communications/media/" + sha256);
  EXPECT_EQ(query("SELECT size || ' ' || mime_type || ' ' || filename FROM {tenant}.pb_media"), "9 text/plain a.txt");
  EXPECT_TRUE(store_.find(sha256).has_value());
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.due"), "0") << "there is nothing to fetch";
}

TEST_F(ReceiveEffectsTest, ARequestMayCarryTheBytesOfItsTurn) {
  serve();
  const Json body{{"body", {{"$blob", 1000000}}}};
  EXPECT_EQ(deliver(Json::array({Json{{"blob", "the bytes"}}, request("/upload", "safe", body)})), 202);
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_NE(provider_.requests()[0].find("\r\n\r\nthe bytes"), std::string::npos);
  EXPECT_TRUE(jobsDone());
}

TEST_F(ReceiveEffectsTest, AThrottleOfAWebhookPausesTheChannel) {
  serve();
  const Json throttle{{"scope", "channel"}, {"until", formatRfc3339(now() + 1h)}};
  EXPECT_EQ(deliver(Json::array({emit(PB_EMIT_THROTTLE, throttle)})), 202);
  const auto stats = dispatcher_->stats();
  ASSERT_EQ(stats.channels.size(), 1U);
  EXPECT_TRUE(stats.channels[0].paused_until.has_value());
}

TEST_F(ReceiveEffectsTest, AnEventThatTheDatabaseRefusesDoesNotTakeTheRequestsWithIt) {
  serve();
  database_.query("ALTER TABLE tenant_acme.inbox_messages ADD CONSTRAINT no_poison CHECK (content <> 'poison')");
  EXPECT_EQ(deliver(Json::array({message("m1", {{"text", "poison"}}), message("m2"), request("/ack")})), 202);
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_TRUE(jobsDone());
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages WHERE external_id = 'm2'"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_quarantine"), "1");
  EXPECT_EQ(provider_.requests().size(), 1U);
}

}  // namespace
}  // namespace patchbay::testing
