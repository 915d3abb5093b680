/// What is asked of a provider at once, through the API: typing, read, reactions, test, setup, templates. The provider
/// is a scripted server on loopback; every answer is checked against openapi.yaml.
#pragma once

#include "api/api.hpp"
#include "api/api_keys.hpp"
#include "api/contract.hpp"
#include "api/route_table.hpp"
#include "inbox/channel_activity.hpp"
#include "integration/delivery_fixture.hpp"
#include "integration/inbox_fixture.hpp"

#include "delivery/channel_desk.hpp"

namespace patchbay::testing {

using std::chrono::milliseconds;

inline const std::string kSecret = "integration-secret-0123456789-abcdefghij";
inline const std::string kAgent = "7e57ab1e-0000-4000-8000-000000000001";
inline const std::string kRoot = "/api/v1/communications";

inline std::string success() {
  return testing_support::answer(R"({"success":true})");
}

struct Reply {
  int status = 0;
  Json body;
  std::string text;
  http::Headers headers;
};

/// A gate that a script waits at, so that a provider is slow for exactly as long as the test wants.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds{20}, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;  // guarded by mutex_
};

class ChannelDeskTest : public InboxTest {
 protected:
  void SetUp() override {
    InboxTest::SetUp();
    channel_ = connected("1061");
    ASSERT_TRUE(channel_);
    start({});
  }
  void TearDown() override {
    if (desk_) desk_->stop();
  }

  std::shared_ptr<connectors::Channel> connected(const std::string& number, bool enabled = true) {
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "whatsapp";
    settings.connector = "whatsapp";
    settings.enabled = enabled;
    settings.webhook_url = "https://example.test/api/v1/webhooks/acme/whatsapp";
    settings.egress_allow = {provider_.authority()};
    settings.config = {{"phone_number_id", number},
                       {"waba_id", "3012"},
                       {"access_token", "test-access-token"},
                       {"app_secret", "test-app-secret-01"},
                       {"base_url", provider_.url()}};
    auto made = factory_.create(std::move(settings));
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return made.ok() ? *made : nullptr;
  }

  void start(delivery::ChannelDesk::Options options) {
    router_.reset();
    desk_.reset();
    desk_ = std::make_unique<delivery::ChannelDesk>(
        options, delivery::ChannelDesk::Parts{
                     .lanes = &lanes_,
                     .reads = &pool_,
                     .http = &http_,
                     .find_channel = [this](std::string_view, std::string_view name) { return connectedAs(name); },
                     .paused_until = [this](const connectors::Channel&) { return paused_until_; },
                     .heed =
                         [this](const std::shared_ptr<connectors::Channel>&, const delivery::Ending& ending) {
                           const std::lock_guard lock(heed_mutex_);
                           for (const auto& throttle : ending.throttles) throttles_.push_back(throttle.scope);
                         }});
    router_ = std::make_unique<api::Router>(api::Dependencies{
        .inbox = service_,
        .ingest = ingest_,
        .tenants = tenants_,
        .authenticator = authenticator_,
        .find_channel = [this](std::string_view, std::string_view name) { return connectedAs(name); },
        .is_off = [](std::string_view, std::string_view name) { return name == "broken"; },
        .find_legacy_channel = [](std::string_view) { return nullptr; },
        .desk = desk_.get(),
        .list_channels =
            [this](const std::string&) {
              return std::vector<api::ChannelEntry>{{"broken", "nowhere", nullptr, "no such connector"},
                                                    {"whatsapp", "whatsapp", channel_}};
            },
        .channel_activity = [this](const std::string& tenant) { return inbox::channelActivity(pool_, tenant); },
        .readiness = [] { return api::Readiness{}; },
        .version = "1.2.3",
        .platforms = {"whatsapp"},
        .worker_threads = 3});
  }

  std::future<http::Response> begin(const std::string& method, std::string path, const Json& body,
                                    const std::string& role) {
    http::Request request;
    request.method = method;
    if (const auto mark = path.find('?'); mark != std::string::npos) {
      request.query = path.substr(mark + 1);
      path.resize(mark);
    }
    request.path = path;
    request.id = "it-1";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    request.headers = {
        {"Authorization",
         "Bearer " + api::issueToken(settings_,
                                     {.subject = kAgent, .username = "ada", .role = role, .tenant_slug = "acme"},
                                     now())}};
    if (!body.is_null()) {
      request.headers.push_back({"Content-Type", "application/json"});
      request.body = dumpJson(body);
    }
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto future = promise->get_future();
    router_->handle(std::move(request),
                    [promise](http::Response response) { promise->set_value(std::move(response)); });
    return future;
  }

  Reply finish(const std::string& method, const std::string& path, std::future<http::Response> answer) {
    Reply reply;
    if (answer.wait_for(std::chrono::seconds{25}) != std::future_status::ready) {
      ADD_FAILURE() << method << " " << path << " was not answered";
      return reply;
    }
    http::Response response = answer.get();
    reply.status = response.status;
    reply.text = response.content();
    reply.headers = response.headers;
    const std::string type(http::find(response.headers, "Content-Type"));
    if (!reply.text.empty()) reply.body = parseJson(reply.text);
    const auto match = routes_.find(path.substr(0, path.find('?')));
    if (match.kind != api::RouteMatch::Kind::kFound) {
      ADD_FAILURE() << "no route " << path;
      return reply;
    }
    const auto& id = match.route->methods.find(method)->second->id;
    for (const auto& error : contract_.checkResponse(id, reply.status, type, reply.text))
      ADD_FAILURE() << id << " " << reply.status << ": " << error.pointer << " " << error.message << "\n" << reply.text;
    return reply;
  }

  Reply call(const std::string& method, const std::string& path, const Json& body = Json(),
             const std::string& role = "tenant_admin") {
    return finish(method, kRoot + path, begin(method, kRoot + path, body, role));
  }

  /// A customer has written: the conversation and the message.
  std::pair<std::int64_t, std::int64_t> written(const std::string& id, const std::string& phone = "+33611112222") {
    EXPECT_TRUE(ingest({message(id, phone, "Hello")}));
    const Json conversation = conversations().at(0);
    return {conversation.at("id"), thread(conversation.at("id")).back().at("id")};
  }
  void closeWindow() {
    count("UPDATE {tenant}.inbox_conversations SET last_inbound_at = now() - interval '25 hours' RETURNING 1");
  }

  /// Waits until nothing is under way at the desk.
  bool idle() {
    for (int i = 0; i < 12000 && desk_->stats().in_flight > 0; ++i) std::this_thread::sleep_for(milliseconds{5});
    return desk_->stats().in_flight == 0;
  }

  /// What was heeded, as soon as there is something: the desk tells it after the operation is off its count.
  std::vector<std::string> heeded() {
    for (int i = 0; i < 12000; ++i) {
      {
        const std::lock_guard lock(heed_mutex_);
        if (!throttles_.empty()) return throttles_;
      }
      std::this_thread::sleep_for(milliseconds{5});
    }
    return {};
  }

  static Json bodyOf(const std::string& request) { return parseJson(request.substr(request.find("\r\n\r\n") + 4)); }

  const api::AuthSettings settings_{.secret = kSecret, .rules = {}};
  api::Authenticator authenticator_{settings_, api::findApiKeyIn(pool_)};
  api::Contract contract_{api::builtInDocument(), {"whatsapp"}};
  api::RouteTable routes_{contract_};
  Provider provider_;
  delivery::HttpClient http_{{}, nullptr};
  std::optional<Timestamp> paused_until_;
  std::mutex heed_mutex_;
  std::vector<std::string> throttles_;  // guarded by heed_mutex_
  std::unique_ptr<delivery::ChannelDesk> desk_;
  std::unique_ptr<api::Router> router_;
};

}  // namespace patchbay::testing
