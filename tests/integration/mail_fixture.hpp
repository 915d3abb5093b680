/// Mail with a connector that only hands raw messages on, from the webhook to the inbox and from the inbox to the
/// provider.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "api/api.hpp"
#include "api/api_keys.hpp"
#include "base/crypto.hpp"
#include "inbox/service.hpp"
#include "integration/delivery_fixture.hpp"
#include "mail/message.hpp"

namespace patchbay::testing {

class MailTest : public DeliveryTest {
 protected:
  MailTest()
      : postbox_({POSTBOX_LIBRARY}, "/tmp"),
        postbox_factory_(postbox_),
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
    query("DELETE FROM {tenant}.inbox_conversations RETURNING 1");
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "support";
    settings.connector = "postbox";
    settings.egress_allow = {provider_.authority()};
    settings.config = {{"from_email", "help@patchbay.example"},
                       {"from_name", "Müller & Co"},
                       {"secret", "the-secret"},
                       {"base_url", provider_.url()}};
    auto channel = postbox_factory_.create(std::move(settings));
    ASSERT_TRUE(channel.ok()) << channel.error().message;
    channel_ = *channel;
    provider_.otherwise([](const std::string&) {
      static std::atomic<int> number{0};
      return std::optional(testing_support::answer("prov" + std::to_string(++number)));
    });
    start();
    service_.onQueued([this] { dispatcher_->wake(); });
    router_ = std::make_unique<api::Router>(api::Dependencies{
        .inbox = service_,
        .ingest = ingest_,
        .tenants = tenants_,
        .authenticator = authenticator_,
        .find_channel = [this](std::string_view, std::string_view) { return channel_; },
        .find_legacy_channel = [](std::string_view) { return nullptr; },
        .effects = {.keep =
                        [this](auto blobs, auto done) {
                          kept_on_ = std::this_thread::get_id();
                          dispatcher_->keep(std::move(blobs), std::move(done));
                        },
                    .throttle = [this](const auto& channel,
                                       const auto& throttles) { dispatcher_->throttle(channel, throttles); },
                    .queued = [this] { dispatcher_->wake(); }},
        .readiness = [] { return api::Readiness{}; },
        .version = "1.2.3",
        .platforms = {"email"},
        .worker_threads = 2});
  }
  void TearDown() override {
    router_.reset();
    dispatcher_.reset();
  }

  int deliver(const std::string& raw, const std::string& from = "ana@example.org",
              const std::string& to = "help@patchbay.example", const std::string& delivery = "",
              const http::Headers& more = {}) {
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/webhooks/acme/support";
    request.headers = {{"X-Token", "the-secret"}, {"X-Mail-From", from}, {"X-Rcpt-To", to}};
    if (!delivery.empty()) request.headers.push_back({"X-Delivery", delivery});
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    request.body = raw;
    request.id = "test";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::promise<int> status;
    auto answered = status.get_future();
    router_->handle(std::move(request), [&status](http::Response response) { status.set_value(response.status); });
    return answered.get();
  }

  static std::string mail(const std::string& id, const std::string& more = "", const std::string& body = "Hello",
                          const std::string& from = "Ana <ana@example.org>") {
    return "From: " + from + "\r\nTo: help@patchbay.example\r\nSubject: Offer\r\nMessage-ID: <" + id + ">\r\n" + more +
           "\r\n" + body + "\r\n";
  }

  static std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Json messageOf(const std::string& external_id) {
    const auto id = query("SELECT id FROM {tenant}.inbox_messages WHERE external_id = '" + external_id + "'");
    if (id.empty()) return nullptr;
    const auto document = service_.message("acme", std::stoll(id));
    return document.ok() ? parseJson(document->json) : Json();
  }
  std::int64_t conversationOf(const std::string& external_id) {
    const auto message = messageOf(external_id);
    return message.is_object() ? message["conversation_id"].get<std::int64_t>() : 0;
  }

  /// An agent's answer. @return the message as REST shows it
  Json answer(std::int64_t conversation, const std::string& text, Json more = Json::object()) {
    Json body{{"conversation_id", conversation}, {"direction", "out"}, {"content", text}};
    body.update(more);
    std::promise<Result<inbox::Document>> done;
    service_.createMessage({"acme", {"user", "7", "Agent"}}, body,
                           [&](Result<inbox::Document> document) { done.set_value(std::move(document)); });
    auto document = done.get_future().get();
    EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().message);
    return document.ok() ? parseJson(document->json) : Json();
  }

  /// The mail that the provider was given in its n-th request.
  mail::Message posted(std::size_t n) {
    EXPECT_TRUE(provider_.waitForRequests(n));
    const auto request = provider_.requests().at(n - 1);
    const auto body = parseJson(request.substr(request.find("\r\n\r\n") + 4));
    auto parsed = mail::parseMessage(*crypto::base64Decode(body.at("raw").get<std::string>()));
    EXPECT_TRUE(parsed.ok());
    return parsed.ok() ? std::move(*parsed) : mail::Message{};
  }

  connectors::ConnectorSet postbox_;
  connectors::ChannelFactory postbox_factory_;
  inbox::Ingest ingest_;
  inbox::Service service_;
  api::Authenticator authenticator_;
  std::thread::id kept_on_;  // of the last webhook's turn
  std::unique_ptr<api::Router> router_;
};

}  // namespace patchbay::testing
