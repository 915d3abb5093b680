/// A tenant in a fresh database, with a real WhatsApp channel whose library was loaded from the build tree.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "connectors/channel_factory.hpp"
#include "connectors/connector_set.hpp"
#include "inbox/ingest.hpp"
#include "inbox/outcome.hpp"
#include "inbox/service.hpp"
#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::testing {

inline constexpr const char* kConnectors = PATCHBAY_CONNECTORS_DIR;

/// The configuration of a Messenger channel.
inline Json messengerConfig() {
  return {{"page_id", "1002"},
          {"access_token", "test-access-token"},
          {"app_secret", "test-app-secret-01"},
          {"verify_token", "test-verify-token"}};
}

class InboxTest : public ::testing::Test {
 protected:
  InboxTest()
      : pool_(db::Connection::Options{.url = database_.url()}, 4),
        tenants_(pool_),
        lanes_(db::Connection::Options{.url = database_.url()}, {}, 1),
        connectors_({kConnectors}, "/tmp"),
        factory_(connectors_),
        ingest_(lanes_),
        service_(lanes_, pool_, [this](std::string_view, std::string_view name) { return connectedAs(name); }) {}

  void SetUp() override {
    tenants_.migrateAll();
    ASSERT_TRUE(tenants_.initialize("1", "acme").ok());
    channel_ = channel("whatsapp");
    ASSERT_TRUE(channel_);
  }

  /// One more instance of the connector.
  std::shared_ptr<connectors::Channel> channel(const std::string& name) {
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = name;
    settings.connector = "whatsapp";
    settings.config = {{"phone_number_id", "1061"},
                       {"access_token", "test-access-token"},
                       {"app_secret", "test-app-secret-01"},
                       {"verify_token", "test-verify-token"}};
    auto channel = factory_.create(std::move(settings));
    EXPECT_TRUE(channel.ok()) << (channel.ok() ? "" : channel.error().message);
    return channel.ok() ? *channel : nullptr;
  }

  /// The test's channel, if that is its name.
  std::shared_ptr<connectors::Channel> connectedAs(std::string_view name) const {
    return channel_ && channel_->settings().name == name ? channel_ : nullptr;
  }

  /// Writes what became of a send, as the dispatcher does when it has left.
  bool hasLeft(std::int64_t message_id, const inbox::SendOutcome& outcome) {
    return lanes_
        .call<Done>(
            "acme",
            [&](db::TenantWrite& write) -> Result<Done> {
              write.queue({"test.left", "DELETE FROM {tenant}.pb_outbox"});
              inbox::applySendOutcome(write, message_id, channel_->settings().name, outcome);
              return Done{};
            },
            kPatience)
        .ok();
  }

  static connectors::Event message(const std::string& id, const std::string& phone, const std::string& text) {
    connectors::Event event;
    event.kind = connectors::EventKind::kMessage;
    event.id = id;
    event.timestamp = now();
    event.from.address = {"phone", phone};
    event.from.name = "Ines";
    event.type = "text";
    event.text = text;
    return event;
  }

  static connectors::Event status(const std::string& message_id, const std::string& what) {
    connectors::Event event;
    event.kind = connectors::EventKind::kStatus;
    event.message_id = message_id;
    event.status = what;
    event.timestamp = now();
    return event;
  }

  /// Hands the events in and waits until they are durable.
  bool ingest(std::vector<connectors::Event> events) {
    std::promise<bool> stored;
    if (!ingest_.submit(channel_, std::move(events), [&stored](bool ok) { stored.set_value(ok); })) return false;
    return stored.get_future().get();
  }

  template <class Call>
  Result<inbox::Document> write(Call call) {
    auto done = std::make_shared<std::promise<Result<inbox::Document>>>();
    auto answer = done->get_future();
    call([done](Result<inbox::Document> document) { done->set_value(std::move(document)); });
    return answer.get();
  }

  static Json json(const Result<inbox::Document>& document) {
    EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().message);
    return document.ok() ? parseJson(document->json) : Json();
  }

  Json conversations() { return json(service_.conversations("acme", {})); }
  Json thread(std::int64_t id) { return json(service_.thread("acme", {.conversation_id = id})); }

  std::int64_t count(const std::string& sql) {
    const db::Statement statement{sql, sql};
    const auto schema = db::SchemaName::fromSlug("acme");
    return pool_.lease()->execute(statement, &*schema).int8(0, 0);
  }

  inbox::WriteContext agent(std::optional<inbox::IdempotencyKey> key = std::nullopt) const {
    return {"acme", {"user", "7e57ab1e-0000-4000-8000-000000000001", "Agent"}, std::move(key)};
  }

  TestDatabase database_;
  db::Pool pool_;
  tenancy::Tenants tenants_;
  db::Lanes lanes_;
  connectors::ConnectorSet connectors_;
  connectors::ChannelFactory factory_;
  std::shared_ptr<connectors::Channel> channel_;
  inbox::Ingest ingest_;
  inbox::Service service_;
};

}  // namespace patchbay::testing
