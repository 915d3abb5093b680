/// A tenant with a channel that polls, the provider that it polls, and hosts as far as they poll.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/crypto.hpp"
#include "connectors/channel_factory.hpp"
#include "connectors/connector_set.hpp"
#include "delivery/poll_leases.hpp"
#include "delivery/poller.hpp"
#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"
#include "unit/delivery/raw_server.hpp"

namespace patchbay::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr const char* kToken = "110201543:AAHpatchbayExampleToken000000000000";

/// A provider that is asked for updates: it forgets what an offset confirms, and remembers how it was asked.
class Updates {
 public:
  void add(int number, const std::string& text) {
    const std::lock_guard lock(mutex_);
    pending_[number] = {{"update_id", number},
                        {"message",
                         {{"message_id", number},
                          {"from", {{"id", 5550001}, {"first_name", "Ana"}}},
                          {"chat", {{"id", 5550001}, {"type", "private"}}},
                          {"date", 1767225600},
                          {"text", text}}}};
  }
  void addUpdate(int number, const Json& update) {
    const std::lock_guard lock(mutex_);
    pending_[number] = update;
    pending_[number]["update_id"] = number;
  }
  /// For so many of the next polls: another answer.
  void answerWith(std::string answer, int times) {
    const std::lock_guard lock(mutex_);
    otherwise_ = std::move(answer);
    otherwise_times_ = times;
  }
  void onPoll(std::function<void()> hook) {
    const std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }
  std::vector<std::int64_t> offsets() const {  ///< of the polls so far; 0: none was given
    const std::lock_guard lock(mutex_);
    return offsets_;
  }
  int mostAtOnce() const {
    const std::lock_guard lock(mutex_);
    return most_at_once_;
  }
  std::size_t left() const {
    const std::lock_guard lock(mutex_);
    return pending_.size();
  }
  std::string authority() const { return server_.authority(); }
  bool becomePolled(std::size_t times) const {
    for (int i = 0; i < 6000; ++i) {
      if (offsets().size() >= times) return true;
      std::this_thread::sleep_for(milliseconds{10});
    }
    return false;
  }

 private:
  std::string answer(const std::string& request) {
    std::function<void()> hook;
    std::string body;
    {
      const std::lock_guard lock(mutex_);
      most_at_once_ = std::max(most_at_once_, ++at_once_);
      const Json asked = parseJson(request.substr(request.find("\r\n\r\n") + 4));
      const auto offset = asked.value("offset", std::int64_t{0});
      offsets_.push_back(offset);
      std::erase_if(pending_, [&](const auto& one) { return one.first < offset; });
      Json list = Json::array();
      for (const auto& [number, update] : pending_) list.push_back(update);
      body = testing_support::answer(dumpJson(Json{{"ok", true}, {"result", list}}));
      if (otherwise_times_ > 0) {
        --otherwise_times_;
        body = otherwise_;
      }
      hook = hook_;
    }
    if (hook) hook();
    const std::lock_guard lock(mutex_);
    --at_once_;
    return body;
  }

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::int64_t, Json> pending_;
  std::vector<std::int64_t> offsets_;
  std::string otherwise_;
  int otherwise_times_ = 0, at_once_ = 0, most_at_once_ = 0;
  std::function<void()> hook_;
  testing_support::RawServer server_{[this](testing_support::RawConnection& connection, int) {
    for (std::string request; !(request = connection.request()).empty();)
      if (!connection.send(answer(request))) return;
  }};  // last: its threads use the rest
};

inline std::string refusal(int code, const std::string& description, const Json& parameters = Json::object()) {
  const Json body{{"ok", false}, {"error_code", code}, {"description", description}, {"parameters", parameters}};
  return testing_support::answer(dumpJson(body), "HTTP/1.1 " + std::to_string(code) + " No");
}

/// What a host has, as far as it polls.
class PollingHost {
 public:
  struct Given {
    std::string database, authority;
    std::string connector = "telegram";
    Json config = {{"bot_token", kToken}, {"mode", "poll"}, {"poll_timeout", 1}};
    connectors::Isolation isolation = connectors::Isolation::kProcess;
    std::vector<std::string> libraries = {PATCHBAY_CONNECTORS_DIR};
    milliseconds lease = seconds{30};
    std::size_t max_in_flight = 64;
    milliseconds stop_patience = seconds{60};
  };

  explicit PollingHost(Given given)
      : given_(std::move(given)),
        folder_(std::filesystem::temp_directory_path() / ("patchbay-poll-" + crypto::uuid4())),
        lanes_({.url = given_.database}, {}, 1),
        ingest_(lanes_),
        connectors_(given_.libraries, "/tmp"),
        factory_(connectors_),
        store_(folder_),
        http_(std::make_unique<delivery::HttpClient>(delivery::HttpClient::Options{}, &store_)) {
    channel_ = makeChannel(given_.config);
  }
  ~PollingHost() {
    poller_.reset();
    http_.reset();
    lanes_.stop();
    std::filesystem::remove_all(folder_);
  }

  std::shared_ptr<connectors::Channel> makeChannel(Json config, const std::string& name = "bot") {
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = name;
    settings.connector = given_.connector;
    settings.isolation = given_.isolation;
    settings.egress_allow = {given_.authority};
    if (given_.connector == "telegram") config["base_url"] = "http://" + given_.authority;
    settings.config = std::move(config);
    auto channel = factory_.create(std::move(settings));
    if (!channel.ok()) throw std::runtime_error(channel.error().message);
    return *channel;
  }

  void start() {
    delivery::Poller::Options options;
    options.connection = {.url = given_.database};
    options.lease = given_.lease;
    options.max_in_flight = given_.max_in_flight;
    options.stop_patience = given_.stop_patience;
    options.sweep = milliseconds{50};
    options.database_pause = milliseconds{50};
    options.first_pause = milliseconds{20};
    options.longest_pause = milliseconds{50};
    delivery::Poller::Parts parts;
    parts.ingest = &ingest_;
    parts.http = http_.get();
    parts.store = &store_;
    parts.channels = [this] {
      ++rounds_;
      const std::lock_guard lock(mutex_);
      std::vector<std::shared_ptr<connectors::Channel>> all;
      for (const auto& one : {channel_, second_})
        if (one) all.push_back(one);
      return all;
    };
    parts.queued = [this] { ++queued_; };
    poller_ = std::make_unique<delivery::Poller>(std::move(options), std::move(parts));
  }
  void become(std::shared_ptr<connectors::Channel> channel) {
    {
      const std::lock_guard lock(mutex_);
      channel_ = std::move(channel);
    }
    if (poller_) poller_->wake();
  }
  void addSecond(std::shared_ptr<connectors::Channel> channel) { second_ = std::move(channel); }  ///< before start()
  void stop() { poller_->stop(); }
  connectors::ChannelStats& stats() { return channel_->stats(); }
  int queued() const { return queued_; }
  int rounds() const { return rounds_; }
  std::size_t inFlight() const { return poller_->inFlight(); }

 private:
  const Given given_;
  const std::filesystem::path folder_;
  db::Lanes lanes_;
  inbox::Ingest ingest_;
  connectors::ConnectorSet connectors_;
  connectors::ChannelFactory factory_;
  media::Store store_;
  std::unique_ptr<delivery::HttpClient> http_;
  std::mutex mutex_;
  std::shared_ptr<connectors::Channel> channel_;  // guarded by mutex_ while the poller runs
  std::shared_ptr<connectors::Channel> second_;
  std::atomic<int> queued_{0}, rounds_{0};
  std::unique_ptr<delivery::Poller> poller_;
};

/// What another thread does soon: statistics, say, follow a COMMIT that is visible already.
template <typename Condition>
::testing::AssertionResult eventually(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return ::testing::AssertionSuccess();
    std::this_thread::sleep_for(milliseconds{10});
  }
  return ::testing::AssertionFailure() << "not within a minute";
}

/// Holds up a provider's answers until it is opened.
class HeldAnswers {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.wait_for(lock, std::chrono::minutes{2}, [&] { return open_; });
  }
  bool reached() const {
    const std::lock_guard lock(mutex_);
    return reached_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool open_ = false, reached_ = false;
};

/// The poller knows what has changed, and nothing of before is under way any more.
inline ::testing::AssertionResult becomesQuiet(const PollingHost& host) {
  if (auto seen = eventually([&, before = host.rounds()] { return host.rounds() >= before + 3; }); !seen) return seen;
  return eventually([&] { return host.inFlight() == 0; });
}

/// Holds the tenant's write lock: whoever wants to store something waits.
class BlockedTenant {
 public:
  explicit BlockedTenant(const std::string& database) : connection_({.url = database}) {
    static constexpr db::Statement kBegin{"test.begin", "BEGIN"};
    static constexpr db::Statement kBlock{"test.block", "SELECT 1 FROM tenant_acme.pb_stream FOR UPDATE"};
    connection_.execute(kBegin);
    connection_.execute(kBlock);
  }
  void release() { connection_.rollback(); }

 private:
  db::Connection connection_;
};

class Polling : public ::testing::Test {
 protected:
  void SetUp() override {
    db::Pool pool({.url = database_.url()}, 1);
    tenancy::Tenants tenants(pool);
    tenants.migrateAll();
    ASSERT_TRUE(tenants.initialize("1", "acme").ok());
  }

  PollingHost::Given given() const { return {.database = database_.url(), .authority = updates_.authority()}; }

  ::testing::AssertionResult becomes(const std::string& sql, const std::string& value) {
    std::string last;
    for (int i = 0; i < 6000; ++i) {
      if ((last = database_.query(sql)) == value) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(milliseconds{10});
    }
    return ::testing::AssertionFailure() << sql << " is '" << last << "', not '" << value << "'";
  }
  /// Somebody waits for a lock: for that of BlockedTenant.
  ::testing::AssertionResult storingWaits() {
    return becomes(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        "t");
  }
  std::string count() { return database_.query("SELECT count(*) FROM tenant_acme.inbox_messages"); }

  static constexpr const char* kCount = "SELECT count(*) FROM tenant_acme.inbox_messages";
  static constexpr const char* kCursor = "SELECT cursor FROM patchbay.polls";

  TestDatabase database_;
  Updates updates_;
};

}  // namespace patchbay::testing
