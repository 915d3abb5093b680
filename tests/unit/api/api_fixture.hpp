/// The real dispatcher over the real openapi.yaml; endpoints that remember what they were given. No sockets, no
/// database.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>

#include "api/dispatcher.hpp"
#include "api/jwt.hpp"

namespace patchbay::api {

inline constexpr const char* kConversations = "/api/v1/communications/conversations";
inline const std::string kSecret = "unit-test-secret-0123456789-abcdefghijklmnop";
inline const std::string kAda = "6f1c7e7a-3a0f-4c55-9f0e-2a3b4c5d6e7f";

inline std::int64_t secondsFromNow(std::int64_t seconds) {
  return std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count() + seconds;
}

/// Claims of a good token of Ada at acme; `change` is merged over them (null takes a claim out).
inline Json claims(const Json& change = Json::object()) {
  Json all = {
      {"sub", kAda}, {"tenant_slug", "acme"}, {"role", "user"}, {"type", "access"}, {"exp", secondsFromNow(600)}};
  all.merge_patch(change);
  return all;
}

inline std::string bearer(const Json& change = Json::object()) {
  return "Bearer " + signJwt(claims(change), kSecret);
}

class ApiTest : public ::testing::Test {
 protected:
  explicit ApiTest(DispatcherOptions options = {.threads = 2, .max_queued = 16}) : options_(options) {}

  void SetUp() override {
    for (const auto& operation : contract_.operations()) {
      if (operation.own_limits)
        endpoints_[operation.id].gate = [](const http::Request&, const std::vector<std::string>&, http::Limits&) {
          return std::nullopt;
        };
      endpoints_[operation.id].run = [this](Call call, Answer answer) {
        {
          const std::lock_guard lock(mutex_);
          last_ = std::move(call);
          ++calls_;
        }
        answer({200, {{"Content-Type", "application/json"}}, "{}"});
      };
    }
  }

  Dispatcher& dispatcher() {
    if (!dispatcher_)
      dispatcher_ = std::make_unique<Dispatcher>(
          contract_, authenticator_,
          [this](const std::string& slug, const Principal&) {
            const auto found = tenants_.find(slug);
            return found == tenants_.end() ? tenancy::TenantState::kUnknown : found->second;
          },
          endpoints_, options_);
    return *dispatcher_;
  }

  static http::Request request(std::string method, std::string path, std::string body = {},
                               std::string authorization = bearer()) {
    http::Request request;
    request.method = std::move(method);
    if (const auto mark = path.find('?'); mark != std::string::npos) {
      request.query = path.substr(mark + 1);
      path.resize(mark);
    }
    request.path = std::move(path);
    request.body = std::move(body);
    request.id = "test-request";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    if (!authorization.empty()) request.headers.push_back({"Authorization", std::move(authorization)});
    if (!request.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
    return request;
  }

  /// As an edge does it: limits() on the header, handle() with the body.
  http::Response send(http::Request request) {
    http::Request head = request;
    head.body.clear();
    http::Response refusal;
    refused_by_header_ = false;
    limits_ = dispatcher().limits(head, &refusal, &refused_by_header_);
    if (refused_by_header_) return refusal;
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto future = promise->get_future();
    dispatcher().handle(std::move(request),
                        [promise](http::Response response) { promise->set_value(std::move(response)); });
    return future.get();
  }
  http::Response send(std::string method, std::string path, std::string body = {},
                      std::string authorization = bearer()) {
    return send(request(std::move(method), std::move(path), std::move(body), std::move(authorization)));
  }

  static Json bodyOf(const http::Response& response) { return Json::parse(response.body); }
  static std::string codeOf(const http::Response& response) {
    return std::to_string(response.status) + " " +
           (response.status < 400 ? "" : bodyOf(response).at("code").get<std::string>());
  }
  static std::string pointersOf(const http::Response& response) {
    std::string all;
    const auto body = bodyOf(response);
    for (const auto& error : body.at("errors"))
      all += (all.empty() ? "" : " ") + error.at("pointer").get<std::string>();
    return all;
  }
  const Json& sent() const { return last_.body; }

  Contract contract_{builtInDocument(), {"carrier_pigeon"}};
  Authenticator authenticator_{AuthSettings{.secret = kSecret, .rules = {}},
                               [this](std::string_view hash) -> std::optional<ApiKey> {
                                 ++key_lookups_;
                                 const auto found = keys_.find(std::string{hash});
                                 return found == keys_.end() ? std::nullopt : std::optional<ApiKey>(found->second);
                               }};
  std::map<std::string, ApiKey> keys_;
  std::atomic<int> key_lookups_{0};
  std::map<std::string, tenancy::TenantState> tenants_ = {{"acme", tenancy::TenantState::kActive},
                                                          {"globex", tenancy::TenantState::kActive},
                                                          {"closed", tenancy::TenantState::kSuspended}};
  Endpoints endpoints_;
  DispatcherOptions options_;
  std::mutex mutex_;
  Call last_;
  int calls_ = 0;
  bool refused_by_header_ = false;
  http::Limits limits_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace patchbay::api
