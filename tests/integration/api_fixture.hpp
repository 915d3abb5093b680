/// The API whole: router, services, PostgreSQL, a real WhatsApp channel. Requests go in and answers come out as values,
/// as the edges hand them over; every answer is checked against openapi.yaml.
#pragma once

#include "api/api.hpp"

#include "api/api_keys.hpp"
#include "api/contract.hpp"
#include "api/route_table.hpp"
#include "base/crypto.hpp"
#include "integration/inbox_fixture.hpp"

namespace patchbay::testing {

inline const std::string kSecret = "integration-secret-0123456789-abcdefghij";
inline const std::string kAda = "7e57ab1e-0000-4000-8000-000000000001";
inline const std::string kRoot = "/api/v1/communications";

struct Reply {
  http::Response response;
  int status = 0;
  Json body;  // null when it is not JSON
  std::string header(std::string_view name) const { return std::string{http::find(response.headers, name)}; }
};

class ApiTest : public InboxTest {
 protected:
  void SetUp() override {
    InboxTest::SetUp();
    ASSERT_TRUE(tenants_.initialize("2", "globex").ok());
    start(ingest_);
  }

  void start(inbox::Ingest& ingest) {
    router_.reset();
    router_ = std::make_unique<api::Router>(api::Dependencies{
        .inbox = service_,
        .ingest = ingest,
        .tenants = tenants_,
        .authenticator = authenticator_,
        .find_channel =
            [this](std::string_view tenant, std::string_view name) {
              return tenant != "acme" ? nullptr : name == "whatsapp" ? channel_ : name == "off" ? off_ : nullptr;
            },
        .find_legacy_channel =
            [this](std::string_view platform) { return platform == "whatsapp" ? channel_ : nullptr; },
        .read_media = [this](const std::string&, const std::string&) -> Result<api::MediaFile> {
          return api::MediaFile{"", "a.txt", std::string(file_size_, 'f')};
        },
        .readiness = [this] { return readiness_; },
        .version = "1.2.3",
        .platforms = {"whatsapp"},
        .worker_threads = 3});
  }

  std::string token(const std::string& tenant = "acme", const std::string& role = "tenant_user") const {
    return "Bearer " +
           api::issueToken(settings_, {.subject = kAda, .username = "ada", .role = role, .tenant_slug = tenant}, now());
  }

  static http::Request request(std::string method, std::string path, std::string body, http::Headers headers) {
    http::Request request;
    request.method = std::move(method);
    if (const auto mark = path.find('?'); mark != std::string::npos) {
      request.query = path.substr(mark + 1);
      path.resize(mark);
    }
    request.path = std::move(path);
    request.body = std::move(body);
    request.headers = std::move(headers);
    request.id = "it-1";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    return request;
  }

  std::future<http::Response> begin(http::Request request) {
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto future = promise->get_future();
    http::Request head = request;
    head.body.clear();
    http::Response refusal;
    bool refused = false;
    limits_ = router_->limits(head, &refusal, &refused);
    if (refused)
      promise->set_value(refusal);
    else
      router_->handle(std::move(request),
                      [promise](http::Response response) { promise->set_value(std::move(response)); });
    return future;
  }

  Reply send(http::Request request) {
    const auto method = request.method;
    const auto path = request.path;
    Reply reply;
    reply.response = begin(std::move(request)).get();
    reply.status = reply.response.status;
    const auto content = reply.response.content();
    if (!content.empty() && reply.header("Content-Type").find("json") != std::string::npos)
      reply.body = parseJson(content);
    const auto match = routes_.find(path);
    if (match.kind == api::RouteMatch::Kind::kFound && match.route->methods.contains(method)) {
      const auto& id = match.route->methods.find(method)->second->id;
      if (!id.starts_with("receive") && !id.starts_with("verify"))
        for (const auto& error : contract_.checkResponse(id, reply.status, reply.header("Content-Type"), content))
          ADD_FAILURE() << id << " " << reply.status << ": " << error.pointer << " " << error.message << "\n"
                        << reply.response.body;
    }
    return reply;
  }

  /// As Ada of acme.
  Reply call(const std::string& method, const std::string& path, const Json& body = Json(), http::Headers more = {}) {
    more.push_back({"Authorization", token()});
    if (!body.is_null()) more.push_back({"Content-Type", "application/json"});
    return send(request(method, path, body.is_null() ? "" : dumpJson(body), std::move(more)));
  }

  std::int64_t newConversation(const std::string& who = "ada") {
    return call("POST", kRoot + "/conversations", {{"channel", "web"}, {"contact_identifier", who}}).body.at("id");
  }

  static std::string webhookBody(const std::string& id, const std::string& text = "Hello") {
    return dumpJson(Json::parse(
        R"({"object":"whatsapp_business_account","entry":[{"id":"3012","changes":[{"field":"messages","value":{
      "messaging_product":"whatsapp","metadata":{"display_phone_number":"15550199","phone_number_id":"1061"},
      "contacts":[{"profile":{"name":"Ines"},"wa_id":"33611112222"}],
      "messages":[{"from":"33611112222","id":")" +
        id + R"(","timestamp":"1767607200","type":"text","text":{"body":")" + text + R"("}}]}}]}]})"));
  }

  static http::Request webhook(const std::string& body, const std::string& path = "/api/v1/webhooks/acme/whatsapp") {
    return request("POST", path, body,
                   {{"Content-Type", "application/json"},
                    {"X-Hub-Signature-256",
                     "sha256=" + crypto::hexEncode(crypto::hmac(crypto::Hash::kSha256, "test-app-secret-01", body))}});
  }

  std::int64_t rows(const std::string& table) { return count("SELECT count(*) FROM {tenant}." + table); }

  const api::AuthSettings settings_{.secret = kSecret, .rules = {}};
  api::Authenticator authenticator_{settings_, api::findApiKeyIn(pool_)};
  api::Contract contract_{api::builtInDocument(), {"whatsapp"}};
  api::RouteTable routes_{contract_};
  api::Readiness readiness_;
  std::size_t file_size_ = std::size_t{10} << 20U;  // of every file that read_media reads
  http::Limits limits_;
  std::shared_ptr<connectors::Channel> off_;  // a channel that the file switches off
  std::unique_ptr<api::Router> router_;
};

}  // namespace patchbay::testing
