/// /metrics and /status of a running host: both listeners, real PostgreSQL, real traffic, hostile traffic.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <iterator>

#include "api/api_keys.hpp"
#include "app/observer.hpp"
#include "base/crypto.hpp"
#include "edge/internal_server.hpp"
#include "integration/inbox_fixture.hpp"
#include "support/exposition.hpp"
#include "unit/edge/raw_client.hpp"

namespace patchbay::testing {
namespace {

class ObserveTest : public InboxTest {
 protected:
  void SetUp() override {
    InboxTest::SetUp();
    router_ = std::make_unique<api::Router>(api::Dependencies{
        .inbox = service_,
        .ingest = ingest_,
        .tenants = tenants_,
        .authenticator = authenticator_,
        .find_channel = [this](std::string_view tenant, std::string_view name) -> std::shared_ptr<connectors::Channel> {
          return tenant == "acme" && name == "whatsapp" ? channel_ : nullptr;
        },
        .find_legacy_channel = [](std::string_view) { return nullptr; },
        .readiness = [this] { return readiness_; },
        .metrics = [this] { return observer_->metrics(); },
        .status = [this] { return observer_->status(); },
        .version = "1.2.3",
        .platforms = {}});
    edge::ServerOptions options;
    options.host = "127.0.0.1";
    options.port = 0;
    server_ = std::make_unique<edge::Server>(options, *router_);
    observer_ = std::make_unique<app::Observer>(
        app::Observed{.version = "1.2.3",
                      .embedded = false,
                      .listeners = [] { return std::vector<app::ListenerState>{}; },
                      .server = server_.get(),
                      .router = router_.get(),
                      .lanes = &lanes_,
                      .reads = &pool_,
                      .readiness = [this] { return readiness_; },
                      .tenants =
                          [] {
                            return std::vector<std::pair<std::string, std::string>>{{"acme", "Acme"}};
                          },
                      .channels =
                          [this] {
                            return std::vector<app::ChannelState>{
                                {"acme", "whatsapp", "whatsapp", true, "", channel_->settings().stats, {}, false}};
                          }});
    internal_ = std::make_unique<edge::InternalServer>("127.0.0.1", 0, *router_);
  }
  void TearDown() override {
    internal_.reset();
    server_.reset();
    router_.reset();
  }

  struct Page {
    int status = 0;
    std::string type, body;
  };
  static Page get(std::uint16_t port, const std::string& path) {
    Poco::Net::HTTPClientSession session("127.0.0.1", port);
    Poco::Net::HTTPRequest request("GET", path, Poco::Net::HTTPMessage::HTTP_1_1);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::istream& body = session.receiveResponse(response);
    return {response.getStatus(), response.getContentType(), {std::istreambuf_iterator<char>(body), {}}};
  }
  Exposition scrape() {
    const auto page = get(internal_->port(), "/metrics");
    EXPECT_EQ(page.status, 200) << page.body;
    EXPECT_EQ(page.type, "text/plain; version=0.0.4; charset=utf-8");
    return Exposition::parse(page.body);
  }

  static std::string webhook(const std::string& id, const std::string& path = "/api/v1/webhooks/acme/whatsapp",
                             const std::string& secret = "test-app-secret-01") {
    const std::string body =
        R"({"object":"whatsapp_business_account","entry":[{"id":"3012","changes":[{"field":"messages","value":{)"
        R"("messaging_product":"whatsapp","metadata":{"display_phone_number":"15550199","phone_number_id":"1061"},)"
        R"("contacts":[{"profile":{"name":"Ines"},"wa_id":"33611112222"}],"messages":[{"from":"33611112222","id":")" +
        id + R"(","timestamp":"1767607200","type":"text","text":{"body":"Hello"}}]}}]}]})";
    return edge::test::post(path, body,
                            "Content-Type: application/json\r\nX-Hub-Signature-256: sha256=" +
                                crypto::hexEncode(crypto::hmac(crypto::Hash::kSha256, secret, body)) + "\r\n");
  }
  int send(const std::string& bytes) {
    edge::test::RawClient client(server_->port());
    client.send(bytes);
    const auto reply = client.reply();
    return reply ? reply->status : 0;
  }

  api::Readiness readiness_;
  const api::AuthSettings settings_{.secret = "integration-secret-0123456789-abcdefghij", .rules = {}};
  api::Authenticator authenticator_{settings_, api::findApiKeyIn(pool_)};
  std::unique_ptr<app::Observer> observer_;
  std::unique_ptr<api::Router> router_;
  std::unique_ptr<edge::Server> server_;
  std::unique_ptr<edge::InternalServer> internal_;
};

TEST_F(ObserveTest, WhatHappensIsOnThePage) {
  EXPECT_EQ(send(webhook("wamid.1")), 200);
  EXPECT_EQ(send(webhook("wamid.1")), 200);
  EXPECT_EQ(send(webhook("wamid.2", "/api/v1/webhooks/acme/whatsapp", "a-wrong-secret")), 401);
  EXPECT_EQ(send(edge::test::get("/health")), 200);
  EXPECT_EQ(send(edge::test::get("/api/v1/communications/conversations/77")), 401);
  EXPECT_EQ(send(edge::test::get("/nowhere")), 404);
  const auto page = scrape();
  const std::string who = R"({tenant="acme",channel="whatsapp")";
  EXPECT_EQ(page.value("patchbay_webhooks_total" + who + R"(,outcome="accepted"})"), 2);
  EXPECT_EQ(page.value("patchbay_webhooks_total" + who + R"(,outcome="bad_signature"})"), 1);
  EXPECT_EQ(page.value("patchbay_inbound_events_total" + who + R"(,kind="message"})"), 1);
  EXPECT_EQ(page.value("patchbay_inbound_events_total" + who + R"(,kind="duplicate"})"), 1);
  EXPECT_EQ(page.value("patchbay_connector_turns_total" + who + R"(,function="receive",status="ok"})"), 2);
  EXPECT_EQ(page.value(R"(patchbay_http_requests_total{route="/health",method="GET",status="2xx"})"), 1);
  EXPECT_EQ(page.value(R"(patchbay_http_requests_total{route="/conversations/{id}",method="GET",status="4xx"})"), 1);
  EXPECT_EQ(page.value(R"(patchbay_http_requests_total{route="other",method="other",status="4xx"})"), 1);
  EXPECT_EQ(page.value(R"(patchbay_http_request_seconds_count{route="/health",method="GET"})"), 1);
  EXPECT_EQ(page.value("patchbay_edge_requests_total"), 6);
  EXPECT_GE(page.value("patchbay_lane_batch_jobs_count"), 1);
  EXPECT_GE(page.value("patchbay_lane_commit_seconds_count"), 1);
  EXPECT_EQ(page.value("patchbay_events_written_total"), count("SELECT count(*) FROM {tenant}.pb_events"));
  EXPECT_EQ(page.value("patchbay_db_up"), 1);
  EXPECT_EQ(page.value("patchbay_db_pool_size"), 4);
  EXPECT_EQ(page.value(R"(patchbay_build_info{version="1.2.3"})"), 1);
  EXPECT_EQ(page.value("patchbay_metrics_errors"), 0);
  EXPECT_EQ(page.value("patchbay_quarantined_webhooks" + who + "}"), 0);
}

TEST_F(ObserveTest, NothingFromOutsideMakesANewSeries) {
  const std::vector<std::string> hostile = {"/api/v1/webhooks/acme/%22%7D%20evil",
                                            "/api/v1/webhooks/evil/whatsapp",
                                            "/api/v1/communications/conversations/%0Aevil",
                                            "/api/v1/tenants/evil/conversations",
                                            "/evil/%22",
                                            "/api/v1/webhooks/acme/whatsapp/evil",
                                            "/api/v1/communications/media/evil",
                                            "/metrics/evil"};
  const auto attack = [&](int round) {
    for (auto path : hostile) {
      for (auto at = path.find("evil"); at != std::string::npos; at = path.find("evil", at + 4))
        path.replace(at, 4, "evil" + std::to_string(round));
      for (const char* method : {"GET", "POST", "DELETE", "HEAD", "BREW"}) {
        edge::test::RawClient client(server_->port());
        client.send(
            std::string(method) + " " + path + " HTTP/1.1\r\nHost: evil" + std::to_string(round) +
            "\r\nX-Tenant-Slug: evil\"\r\nX-Request-Id: evil{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        client.readToEnd();
      }
      get(internal_->port(), path);
    }
    EXPECT_EQ(send(webhook("evil\\\"}" + std::to_string(round), "/api/v1/webhooks/acme/whatsapp", "wrong-secret")),
              401);
  };
  attack(0);
  scrape();  // what scraping itself adds
  const auto before = scrape().series();
  for (int round = 1; round <= 20; ++round) attack(round);
  const auto page = scrape();
  EXPECT_EQ(page.series(), before);
  for (const auto& name : page.series()) EXPECT_EQ(name.find("evil"), std::string::npos) << name;
}

TEST_F(ObserveTest, ThePublicListenerHasNeither) {
  for (const char* path : {"/metrics", "/status", "/metrics/", "//metrics"})
    EXPECT_EQ(send(edge::test::get(path)), 404);
}

TEST_F(ObserveTest, StatusTellsWhatTheDatabaseAndTheChannelsKnow) {
  EXPECT_EQ(send(webhook("wamid.1")), 200);
  const auto page = get(internal_->port(), "/status");
  EXPECT_EQ(page.status, 200);
  const api::Contract contract(api::builtInDocument(), {});
  for (const auto& error : contract.checkResponse("getStatus", 200, page.type, page.body))
    ADD_FAILURE() << error.pointer << " " << error.message;
  const auto status = parseJson(page.body);
  EXPECT_EQ(status.at("ready"), true);
  EXPECT_EQ(status.at("database").at("up"), true);
  EXPECT_GT(status.at("database").at("size_bytes"), 1000000);
  const auto& channel = status.at("tenants").at(0).at("channels").at(0);
  EXPECT_EQ(channel.at("state"), "enabled");
  EXPECT_TRUE(channel.at("last_inbound_at").is_string());
  EXPECT_TRUE(channel.at("last_error").is_null());
  EXPECT_TRUE(channel.at("last_refused_webhook").is_null());
  EXPECT_EQ(channel.at("queue").at("pending"), 0);
  EXPECT_EQ(page.body.find("test-app-secret"), std::string::npos);
}

TEST_F(ObserveTest, StatusAndReadySayWhyNotOnBothListeners) {
  readiness_.reasons = {"the host is stopping"};
  EXPECT_EQ(send(edge::test::get("/ready")), 503);
  EXPECT_EQ(send(edge::test::get("/health")), 200) << "alive all the same";
  const auto ready = get(internal_->port(), "/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(parseJson(ready.body).at("reasons").at(0), "the host is stopping");
  const auto status = parseJson(get(internal_->port(), "/status").body);
  EXPECT_EQ(status.at("ready"), false);
  EXPECT_EQ(status.at("reasons").at(0), "the host is stopping");
}

TEST_F(ObserveTest, WhatWaitsInTheDatabaseIsCounted) {
  const auto put = [this](const std::string& sql) {
    const db::Statement statement{sql, sql};
    const auto schema = db::SchemaName::fromSlug("acme");
    pool_.lease()->execute(statement, &*schema);
  };
  ASSERT_TRUE(ingest({message("wamid.1", "+33611112222", "Hello")}));
  for (const char* state : {"queued", "started", "unknown", "held", "held"})
    put("INSERT INTO {tenant}.pb_outbox (message_id, channel_name, recipient, ref, operation, state, expires_at, "
        "created_at) "
        "SELECT id, 'whatsapp', 'phone:+1', gen_random_uuid(), '{}', '" +
        std::string(state) + "', now(), now() - interval '1 hour' FROM {tenant}.inbox_messages");
  put("INSERT INTO {tenant}.pb_quarantine (channel_name, received_at, reason, method, suffix, query, headers, body) "
      "VALUES ('whatsapp', now(), 'test', 'POST', '', '', '[]', '')");
  const auto page = scrape();
  const std::string who = R"({tenant="acme",channel="whatsapp")";
  EXPECT_EQ(page.value("patchbay_send_queue_messages" + who + R"(,state="pending"})"), 2);
  EXPECT_EQ(page.value("patchbay_send_queue_messages" + who + R"(,state="unknown"})"), 1);
  EXPECT_EQ(page.value("patchbay_send_queue_messages" + who + R"(,state="held"})"), 2);
  EXPECT_NEAR(page.value("patchbay_send_queue_oldest_seconds" + who + "}"), 3600, 600);
  EXPECT_EQ(page.value("patchbay_quarantined_webhooks" + who + "}"), 1);
}

}  // namespace
}  // namespace patchbay::testing
