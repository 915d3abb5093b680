/// A tenant with a real WhatsApp channel whose provider is a scripted server on loopback, and a dispatcher between
/// them.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/crypto.hpp"
#include "connectors/channel_factory.hpp"
#include "connectors/connector_set.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/outbox.hpp"
#include "inbox/ingest.hpp"
#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"
#include "unit/delivery/raw_server.hpp"

namespace patchbay::testing {

/// What the provider does with a request; nothing: it closes the connection without an answer.
using Script = std::function<std::optional<std::string>(const std::string& request)>;

/// Remembers every request; answers as its script says.
class Provider {
 public:
  Provider()
      : server_([this](testing_support::RawConnection& connection, int) {
          for (std::string request; !(request = connection.request()).empty();) {
            Script script;
            {
              const std::lock_guard lock(mutex_);
              requests_.push_back(request);
              if (!scripts_.empty()) {
                script = std::move(scripts_.front());
                scripts_.pop_front();
              } else {
                script = otherwise_;
              }
            }
            changed_.notify_all();
            const auto answer = script(request);
            if (!answer || !connection.send(*answer)) return;
          }
        }) {}

  /// For the next request that has no script yet.
  void next(Script script) {
    const std::lock_guard lock(mutex_);
    scripts_.push_back(std::move(script));
  }
  void otherwise(Script script) {
    const std::lock_guard lock(mutex_);
    otherwise_ = std::move(script);
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  bool waitForRequests(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return requests_.size() >= count; });
  }
  std::string authority() const { return server_.authority(); }
  std::string url() const { return "http://" + server_.authority(); }

  /// What the Graph API says when it has taken a message, with an id of its own each time.
  static std::string accepted() {
    static std::atomic<int> number{0};
    return testing_support::answer(R"({"messaging_product":"whatsapp","messages":[{"id":"wamid.)" +
                                   std::to_string(++number) + R"("}]})");
  }
  static std::string refused(int status, const std::string& body, const std::string& header = "") {
    return testing_support::answer(
        body, "HTTP/1.1 " + std::to_string(status) + " No" + (header.empty() ? "" : "\r\n" + header));
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::deque<Script> scripts_;         // guarded by mutex_
  Script otherwise_ = [](const std::string&) { return std::optional(accepted()); };
  testing_support::RawServer server_;  // last: its threads use the rest
};

/// A Telegram channel of the tenant acme, whose provider is `provider`.
inline connectors::ChannelSettings telegramSettings(const std::string& name, const Provider& provider) {
  connectors::ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = name;
  settings.connector = "telegram";
  settings.egress_allow = {provider.authority()};
  settings.config = {{"bot_token", "110201543:AAHpatchbayExampleToken000000000000"},
                     {"webhook_secret", "pb_SECRET-0123456789"},
                     {"base_url", provider.url()}};
  return settings;
}

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest()
      : folder_(std::filesystem::temp_directory_path() / ("patchbay-delivery-" + crypto::uuid4())),
        pool_({.url = database_.url()}, 4),
        tenants_(pool_),
        lanes_({.url = database_.url()}, {}, 1),
        connectors_({PATCHBAY_CONNECTORS_DIR}, "/tmp"),
        factory_(connectors_),
        store_(folder_),
        http_({}, &store_) {}
  ~DeliveryTest() override {
    dispatcher_.reset();
    std::filesystem::remove_all(folder_);
  }

  void SetUp() override {
    tenants_.migrateAll();
    ASSERT_TRUE(tenants_.initialize("1", "acme").ok());
    channel_ = makeChannel(connectors::UnknownPolicy::kHold);
    query(
        "INSERT INTO {tenant}.inbox_conversations (id, channel, contact_identifier, created_at, updated_at) "
        "VALUES (1, 'whatsapp', '+1', now(), now()) RETURNING 1");
  }

  std::shared_ptr<connectors::Channel> makeChannel(connectors::UnknownPolicy policy) {
    return makeChannel("acme", "support", provider_, policy);
  }
  std::shared_ptr<connectors::Channel> makeChannel(const std::string& tenant, const std::string& name,
                                                   const Provider& provider,
                                                   connectors::UnknownPolicy policy = connectors::UnknownPolicy::kHold,
                                                   const std::string& token = "test-access-token") {
    connectors::ChannelSettings settings;
    settings.tenant = tenant;
    settings.name = name;
    settings.connector = "whatsapp";
    settings.unknown = policy;
    settings.egress_allow = {provider.authority()};
    settings.config = {{"phone_number_id", "1061"},
                       {"access_token", token},
                       {"app_secret", "test-app-secret-01"},
                       {"base_url", provider.url()}};
    auto channel = factory_.create(std::move(settings));
    EXPECT_TRUE(channel.ok()) << (channel.ok() ? "" : channel.error().message);
    return channel.ok() ? *channel : nullptr;
  }

  delivery::Dispatcher::Options options() const {
    delivery::Dispatcher::Options options;
    options.connection = {.url = database_.url()};
    options.sweep = std::chrono::milliseconds{50};
    options.database_pause = std::chrono::milliseconds{50};
    options.retry.first = std::chrono::milliseconds{20};
    options.retry.channel_pause = std::chrono::milliseconds{50};
    options.retry.hold = std::chrono::milliseconds{300};
    return options;
  }
  std::unique_ptr<delivery::Dispatcher> makeDispatcher(delivery::Dispatcher::Options options,
                                                       db::Lanes* lanes = nullptr) {
    delivery::Dispatcher::Parts parts;
    parts.lanes = lanes ? lanes : &lanes_;
    parts.reads = &pool_;
    parts.http = &http_;
    parts.store = &store_;
    parts.channels = [this] {
      const std::lock_guard lock(channel_mutex_);
      auto all = more_channels_;
      if (channel_) all.push_back(channel_);
      return all;
    };
    parts.on_events = on_events_;
    return std::make_unique<delivery::Dispatcher>(std::move(options), std::move(parts));
  }
  void start() { dispatcher_ = makeDispatcher(options()); }

  /// Writes a message and its outbox row, as the inbox does. @return the message's id
  std::int64_t send(const std::string& phone, const std::string& text, Json more = Json::object(),
                    std::optional<Timestamp> not_before = std::nullopt) {
    const auto id = lanes_.call<std::int64_t>(
        "acme",
        [&](db::TenantWrite& write) -> Result<std::int64_t> {
          static constexpr db::Statement kInsert{
              "test.message",
              "INSERT INTO {tenant}.inbox_messages (conversation_id, direction, type, status, status_updated_at, "
              "created_at, "
              "channel_name, ref) VALUES (1, 'out', 'text', 'pending', $1, $1, 'support', $2) RETURNING id"};
          const std::string ref = crypto::uuid4();
          const auto message = write.query(kInsert, db::Params().timestamp(write.now()).uuid(ref)).int8(0, 0);
          Json operation{{"kind", "message"}, {"id", std::to_string(message)},
                         {"ref", ref},        {"to", {{"kind", "phone"}, {"address", phone}}},
                         {"type", "text"},    {"text", text}};
          operation.update(more);
          delivery::enqueue(write, {"support", "phone:" + phone, message, ref, dumpJson(operation), not_before});
          return message;
        },
        kPatience);
    EXPECT_TRUE(id.ok()) << (id.ok() ? "" : id.error().message);
    if (dispatcher_) dispatcher_->wake();
    return id.ok() ? *id : 0;
  }

  /// Queues `count` messages to as many recipients, in one go: +1555<from>, ... @return the smallest message id
  std::int64_t backlog(const std::string& tenant, const std::string& channel, int count, int from = 1000000) {
    const std::string numbers = std::to_string(from) + ", " + std::to_string(from + count - 1);
    return std::stoll(database_.query(
        "WITH m AS (INSERT INTO tenant_" + tenant +
        ".inbox_messages (conversation_id, direction, type, status, status_updated_at, created_at, channel_name, "
        "content, ref) SELECT 1, 'out', 'text', 'pending', now(), now(), '" +
        channel + "', '+1555' || n, gen_random_uuid() FROM generate_series(" + numbers +
        ") n RETURNING id, content, ref), o AS (INSERT INTO tenant_" + tenant +
        ".pb_outbox (message_id, channel_name, recipient, ref, operation, expires_at, created_at) SELECT id, '" +
        channel +
        "', 'phone:' || content, ref, jsonb_build_object('kind', 'message', 'id', id::text, 'ref', ref, 'to', "
        "jsonb_build_object('kind', 'phone', 'address', content), 'type', 'text', 'text', 'to ' || content), now() + "
        "interval '1 day', now() FROM m), q AS (INSERT INTO patchbay.send_queue (tenant, channel_name, recipient, "
        "pending, "
        "available_at, expires_at, oldest_at) SELECT '" +
        tenant + "', '" + channel +
        "', 'phone:' || content, 1, now(), now() + interval '1 day', now() FROM m) SELECT min(id) FROM m"));
  }

  /// First value of a statement over the tenant's schema.
  std::string query(const std::string& sql) {
    std::string text = sql;
    for (std::size_t at = 0; (at = text.find("{tenant}")) != std::string::npos;) text.replace(at, 8, "tenant_acme");
    return database_.query(text);
  }
  /// Waits until the statement gives `value`: what is waited for happens in other threads and shows in the database
  /// alone.
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& value) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    std::string last;
    do {
      if ((last = query(sql)) == value) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    } while (std::chrono::steady_clock::now() < until);
    return ::testing::AssertionFailure() << sql << " is '" << last << "', not '" << value << "'";
  }
  /// Waits until it is so: for what shows in no table, or only after the COMMIT that becomes() sees.
  template <class Condition>
  static bool comesTrue(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return true;
  }
  ::testing::AssertionResult statusBecomes(std::int64_t message, const std::string& status) {
    return becomes("SELECT status FROM {tenant}.inbox_messages WHERE id = " + std::to_string(message), status);
  }
  /// Nothing is left to be done, and nobody holds a lease.
  ::testing::AssertionResult queueBecomesEmpty() {
    auto rows = becomes("SELECT count(*) FROM {tenant}.pb_outbox WHERE state <> 'failed'", "0");
    return rows ? becomes("SELECT count(*) FROM patchbay.send_queue", "0") : rows;
  }
  std::string field(std::int64_t message, const std::string& column) {
    return query("SELECT " + column + " FROM {tenant}.inbox_messages WHERE id = " + std::to_string(message));
  }

  /// What rests until a time (a retry, a hold, a schedule) may go now.
  void timeComesFor(std::int64_t message) {
    query(
        "UPDATE {tenant}.pb_outbox SET retry_at = now(), not_before = CASE WHEN not_before > now() THEN now() ELSE "
        "not_before END WHERE message_id = " +
        std::to_string(message) + " RETURNING 1");
    query("UPDATE patchbay.send_queue SET available_at = now() RETURNING 1");
  }

  /// A status of the provider's comes in by a webhook, with our ref. @return whether it was stored
  bool statusArrives(std::int64_t message, const std::string& provider_id, const std::string& status) {
    connectors::Event event;
    event.kind = connectors::EventKind::kStatus;
    event.message_id = provider_id;
    event.ref = field(message, "ref");
    event.status = status;
    inbox::Ingest ingest(lanes_);
    std::promise<bool> stored;
    return ingest.submit(channel_, {event}, [&](bool yes) { stored.set_value(yes); }) && stored.get_future().get();
  }

  static std::size_t countContaining(const std::vector<std::string>& requests, const std::string& text) {
    return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(),
                                                  [&](const auto& r) { return r.find(text) != std::string::npos; }));
  }

  Provider provider_;
  std::filesystem::path folder_;
  TestDatabase database_;
  db::Pool pool_;
  tenancy::Tenants tenants_;
  db::Lanes lanes_;
  connectors::ConnectorSet connectors_;
  connectors::ChannelFactory factory_;
  media::Store store_;
  decltype(delivery::Dispatcher::Parts::on_events) on_events_;  ///< of dispatchers that are made afterwards
  std::mutex channel_mutex_;
  std::shared_ptr<connectors::Channel> channel_;  // guarded by channel_mutex_ while a dispatcher runs
  std::vector<std::shared_ptr<connectors::Channel>> more_channels_;  // likewise
  delivery::HttpClient http_;
  std::unique_ptr<delivery::Dispatcher> dispatcher_;
};

inline const Script kAccept = [](const std::string&) { return std::optional(Provider::accepted()); };
inline const Script kClose = [](const std::string&) { return std::optional<std::string>(); };

inline Script refuse(int status, std::string body = "{}", std::string header = "") {
  return [=](const std::string&) { return std::optional(Provider::refused(status, body, header)); };
}

}  // namespace patchbay::testing
