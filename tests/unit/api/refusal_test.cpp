/// The order in which requests are refused, and what the refusals look like (contract.md section 1).
#include "api_fixture.hpp"
#include "base/crypto.hpp"

namespace patchbay::api {
namespace {

constexpr const char* kFit = R"({"channel":"whatsapp","contact_identifier":"+15550100"})";

class Refusals : public ApiTest {
 protected:
  Refusals() { tenants_["acme"] = tenancy::TenantState::kActive; }
};

struct Row {
  const char* method;
  std::string path;
  std::string authorization;
  std::string body;
  std::string expected;
};

TEST_F(Refusals, ComeInTheOrderOfTheContract) {
  const auto user = bearer();
  const auto super = bearer({{"role", "super_admin"}, {"tenant_slug", nullptr}});
  const auto stranger = bearer({{"role", "janitor"}});
  const std::string bad = R"({"channel":"smoke signals"})";
  const std::vector<Row> table = {
      // The token before everything that a path of ours could tell.
      {"POST", kConversations, "", bad, "401 invalid_token"},
      {"POST", kConversations, "Bearer nonsense", "{", "401 invalid_token"},
      {"POST", kConversations, bearer({{"exp", secondsFromNow(-1)}}), bad, "401 invalid_token"},
      {"POST", kConversations, bearer({{"type", "refresh"}}), bad, "401 invalid_token"},
      {"GET", "/api/v1/tenants/globex/conversations", "", "", "401 invalid_token"},
      {"GET", "/api/v1/communications/conversations/0", "", "", "401 invalid_token"},
      {"GET", "/api/v1/tenants", "", "", "401 invalid_token"},
      // Then the tenant.
      {"POST", "/api/v1/tenants/globex/conversations", user, bad, "403 tenant_forbidden"},
      {"POST", "/api/v1/tenants/no-such/conversations", user, bad, "403 tenant_forbidden"},
      {"POST", "/api/v1/tenants/x'%3Bdrop%20schema/conversations", user, bad, "403 tenant_forbidden"},
      {"POST", std::string{kConversations} + "?tenant_slug=globex", user, bad, "400 tenant_conflict"},
      {"POST", kConversations, stranger, bad, "403 role_unknown"},
      {"POST", kConversations, super, bad, "400 tenant_required"},
      {"POST", "/api/v1/tenants/no-such/conversations", super, bad, "404 tenant_not_found"},
      {"POST", "/api/v1/tenants/x'%3Bdrop%20schema/conversations", super, bad, "404 tenant_not_found"},
      {"POST", kConversations, bearer({{"tenant_slug", "gone"}}), bad, "403 tenant_forbidden"},
      {"POST", kConversations, bearer({{"tenant_slug", "gone"}, {"role", "super_admin"}}), bad, "404 tenant_not_found"},
      {"POST", kConversations, bearer({{"tenant_slug", "closed"}}), bad, "403 tenant_suspended"},
      {"GET", "/api/v1/tenants", user, "", "403 role_required"},
      {"GET", "/api/v1/tenants", bearer({{"role", "admin"}}), "", "403 role_required"},
      {"POST", "/api/v1/tenants/7/initialize", user, "{", "403 role_required"},
      // Then the body.
      {"POST", kConversations, user, bad, "422 validation_failed"},
      {"POST", kConversations, user, "{", "400 invalid_json"},
      {"POST", kConversations, user, "", "422 validation_failed"},
      // What is not there at all needs no token.
      {"GET", "/api/v1/communications/dreams", "", "", "404 not_found"},
      {"GET", "/nothing", user, "", "404 not_found"},
      {"GET", "/metrics", user, "", "404 not_found"},
      {"DELETE", kConversations, "", "", "405 method_not_allowed"},
      {"BREW", "/health", "", "", "405 method_not_allowed"},
      {"GET", "/api/v1/communications/conversations%2f7", user, "", "400 invalid_path"},
      // And what is fine.
      {"POST", kConversations, user, kFit, "200 "},
      {"POST", "/api/v1/tenants/acme/conversations/", user, kFit, "200 "},
      {"POST", "/api/v1/tenants/globex/conversations", super, kFit, "200 "},
      {"GET", "/api/v1/tenants", super, "", "200 "},
      {"GET", "/health", "", "", "200 "},
      {"HEAD", "/health", "", "", "200 "},
      {"GET", "/api/v1/auth/test", stranger, "", "200 "},
  };
  for (const auto& row : table)
    EXPECT_EQ(row.expected, codeOf(send(row.method, row.path, row.body, row.authorization)))
        << row.method << " " << row.path << " " << row.body;
}

TEST_F(Refusals, AMissingThingIsSaidBeforeABodyThatDoesNotFit) {
  endpoints_["updateConversation"].exists = [](const Call& call) -> Result<Done> {
    if (call.path.at("id") == 7) return Done{};
    return Error{ErrorKind::kNotFound, "conversation_not_found", "no"};
  };
  EXPECT_EQ("404 conversation_not_found",
            codeOf(send("PUT", std::string{kConversations} + "/8", R"({"status":"lost"})")));
  EXPECT_EQ("422 validation_failed", codeOf(send("PUT", std::string{kConversations} + "/7", R"({"status":"lost"})")));
  EXPECT_EQ("422 validation_failed", codeOf(send("PUT", std::string{kConversations} + "/x", R"({"status":"lost"})")));
}

TEST_F(Refusals, AreGivenByTheHeaderAloneWhereItTellsEnough) {
  for (const auto& [authorization, path] :
       std::vector<std::pair<std::string, std::string>>{{"", kConversations},
                                                        {"Bearer x", kConversations},
                                                        {bearer(), "/api/v1/tenants/globex/conversations"},
                                                        {bearer(), "/dreams"},
                                                        {bearer(), "/health"}}) {
    (void)send("POST", path, kFit, authorization);
    EXPECT_TRUE(refused_by_header_) << path;
  }
  EXPECT_EQ(0, calls_);
  (void)send("POST", kConversations, kFit);
  EXPECT_FALSE(refused_by_header_);
  EXPECT_EQ(1U << 20U, limits_.max_body);
}

TEST_F(Refusals, ForAForeignTenantAreTheSameWhetherItExistsOrNot) {
  auto there = bodyOf(send("GET", "/api/v1/tenants/globex/conversations"));
  auto missing = bodyOf(send("GET", "/api/v1/tenants/no-such/conversations"));
  EXPECT_EQ(there, missing);
}

TEST_F(Refusals, TwoAuthorizationHeadersAreOneTooMany) {
  auto one = request("GET", kConversations);
  one.headers.push_back({"authorization", bearer()});
  EXPECT_EQ("400 authorization_ambiguous", codeOf(send(std::move(one))));
  EXPECT_TRUE(refused_by_header_);
  EXPECT_EQ(0, calls_);
}

TEST_F(Refusals, TheInternalListenerWantsItsBodiesCalledJson) {
  for (const auto listener : {http::Listener::kInternal, http::Listener::kPublic}) {
    auto one = request("POST", "/api/v1/tenants/42/initialize", R"({"schema_name":"tenant_acme"})",
                       bearer({{"role", "super_admin"}}));
    one.headers.pop_back();  // Content-Type
    one.listener = listener;
    EXPECT_EQ(listener == http::Listener::kInternal ? "415 unsupported_media_type" : "200 ", codeOf(send(one)));
    one.headers.push_back({"Content-Type", "text/plain"});
    EXPECT_EQ("415 unsupported_media_type", codeOf(send(one)));
  }
}

TEST_F(Refusals, AreProblemDetails) {
  const auto response = send("GET", "/api/v1/communications/dreams");
  EXPECT_EQ("application/problem+json", http::find(response.headers, "Content-Type"));
  const auto body = bodyOf(response);
  EXPECT_EQ("urn:patchbay:problem:not_found", body["type"]);
  EXPECT_EQ("Not Found", body["title"]);
  EXPECT_EQ(404, body["status"]);
  EXPECT_EQ("test-request", body["request_id"]);
  EXPECT_EQ("urn:patchbay:request:test-request", body["instance"]);
  EXPECT_EQ("Not Found", body["error"]);  // these three: the predecessor's 404
  EXPECT_EQ(body["detail"], body["message"]);
  EXPECT_EQ("/api/v1/communications/dreams", body["path"]);
}

TEST_F(Refusals, FitTheDocument) {
  const std::vector<std::pair<std::string, http::Response>> table = {
      {"createConversation", send("POST", kConversations, kFit, "")},
      {"createConversation", send("POST", kConversations, "{")},
      {"createConversation", send("POST", kConversations, "{}")},
      {"createConversation", send("POST", "/api/v1/tenants/globex/conversations", "{}")},
      {"createConversation", send("POST", kConversations, kFit, bearer({{"tenant_slug", "gone"}}))},
  };
  for (const auto& [operation, response] : table) {
    const auto errors = contract_.checkResponse(operation, response.status,
                                                http::find(response.headers, "Content-Type"), response.body);
    EXPECT_TRUE(errors.empty()) << response.body << " "
                                << (errors.empty() ? "" : errors[0].pointer + " " + errors[0].message);
  }
}

TEST_F(Refusals, SayWhatTheClientShouldDoNext) {
  EXPECT_EQ("Bearer", http::find(send("GET", kConversations, "", "").headers, "WWW-Authenticate"));
  EXPECT_EQ("Bearer error=\"invalid_token\"",
            http::find(send("GET", kConversations, "", "Bearer x").headers, "WWW-Authenticate"));
  EXPECT_EQ("GET, HEAD, POST, OPTIONS", http::find(send("DELETE", kConversations).headers, "Allow"));
  EXPECT_EQ(204, send("OPTIONS", "*", "", "").status);
  const auto options = send("OPTIONS", kConversations, "", "");
  EXPECT_EQ(204, options.status);
  EXPECT_EQ("GET, HEAD, POST, OPTIONS", http::find(options.headers, "Allow"));
}

TEST_F(Refusals, ApiKeysAreAskedForInAWorkerAndRefusedThere) {
  const auto key = newApiKey();
  keys_[key.hash] = {1, "acme", "crm", Role::kTenantUser, std::nullopt};
  EXPECT_EQ("401 invalid_token", codeOf(send("POST", kConversations, kFit, "Bearer " + newApiKey().text)));
  EXPECT_FALSE(refused_by_header_);
  EXPECT_EQ(0, calls_);
  EXPECT_EQ("200 ", codeOf(send("POST", kConversations, kFit, "Bearer " + key.text)));
  EXPECT_EQ("key:1", last_.principal.id);
  EXPECT_EQ("403 tenant_forbidden",
            codeOf(send("POST", "/api/v1/tenants/globex/conversations", kFit, "Bearer " + key.text)));
}

TEST_F(Refusals, TheInternalListenerProvisionsWithoutATokenAndHasNothingElseOfTheApi) {
  auto inside = [&](std::string method, std::string path, std::string body) {
    auto one = request(std::move(method), std::move(path), std::move(body), "");
    one.listener = http::Listener::kInternal;
    return codeOf(send(std::move(one)));
  };
  const std::string body = R"({"schema_name":"tenant_acme"})";
  EXPECT_EQ("200 ", inside("POST", "/api/v1/tenants/42/initialize", body));
  EXPECT_EQ("42", last_.path["tenant_id"]);
  EXPECT_EQ("200 ", inside("GET", "/health", ""));
  EXPECT_EQ("200 ", inside("GET", "/ready", ""));
  EXPECT_EQ("404 not_found", inside("GET", kConversations, ""));
  EXPECT_EQ("404 not_found", inside("GET", "/api/v1/tenants", ""));
  EXPECT_EQ("404 not_found", inside("POST", "/api/v1/webhooks/acme/wa", "{}"));
  EXPECT_EQ("401 invalid_token", codeOf(send("POST", "/api/v1/tenants/42/initialize", body, "")));
}

TEST_F(Refusals, WhatFailsInsideIsToldToTheLogAlone) {
  endpoints_["getMessage"].run = [](Call, Answer) { throw std::runtime_error("password=hunter2"); };
  endpoints_["listMessages"].run = [](Call, Answer) { throw db::Unavailable("connection to 10.0.0.7 lost"); };
  const auto failed = send("GET", "/api/v1/communications/messages/7");
  EXPECT_EQ("500 internal", codeOf(failed));
  EXPECT_EQ(std::string::npos, failed.body.find("hunter2"));
  const auto away = send("GET", "/api/v1/communications/messages");
  EXPECT_EQ("503 database_unavailable", codeOf(away));
  EXPECT_EQ(std::string::npos, away.body.find("10.0.0.7"));
  EXPECT_EQ("2", http::find(away.headers, "Retry-After"));
}

class SmallPool : public ApiTest {
 protected:
  SmallPool() : ApiTest({.threads = 1, .max_queued = 1}) {}
};

TEST_F(SmallPool, AFullQueueIs503AndDoesNotWait) {
  std::promise<void> release, started;
  auto gate = release.get_future().share();
  endpoints_["getMessage"].run = [&, gate](Call, Answer answer) {
    started.set_value();
    gate.wait();
    answer({200, {}, "{}"});
  };
  std::vector<std::future<http::Response>> answers;
  const auto start = [&](std::string path) {
    auto promise = std::make_shared<std::promise<http::Response>>();
    answers.push_back(promise->get_future());
    dispatcher().handle(request("GET", std::move(path)),
                        [promise](http::Response response) { promise->set_value(std::move(response)); });
  };
  start("/api/v1/communications/messages/1");
  started.get_future().wait();               // the one worker is busy
  start("/api/v1/communications/messages");  // waits in the queue
  start("/api/v1/communications/messages");  // finds it full
  ASSERT_EQ(std::future_status::ready, answers[2].wait_for(std::chrono::seconds{0}));
  const auto refused = answers[2].get();
  EXPECT_EQ("503 overloaded", codeOf(refused));
  EXPECT_EQ("1", http::find(refused.headers, "Retry-After"));
  EXPECT_EQ("200 ", codeOf(send("GET", "/health")));  // cheap answers need no worker
  release.set_value();
  EXPECT_EQ(200, answers[0].get().status);
  EXPECT_EQ(200, answers[1].get().status);
}

TEST_F(SmallPool, ARequestWhoseTimeIsUpIsNotWorkedOn) {
  auto late = request("GET", "/api/v1/communications/messages");
  late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds{1};
  EXPECT_EQ("503 overloaded", codeOf(send(std::move(late))));
  EXPECT_EQ(0, calls_);
}

class Gated : public ApiTest {};

TEST_F(Gated, WebhooksHaveTheirChannelsLimitAndRunInlineWhileTheyAreSmall) {
  std::thread::id ran;
  endpoints_["receiveWebhook"] = {[&](Call, Answer answer) {
                                    ran = std::this_thread::get_id();
                                    answer({200, {}, ""});
                                  },
                                  [](const http::Request&, const std::vector<std::string>& values,
                                     http::Limits& limits) -> std::optional<http::Response> {
                                    if (values.at(1) != "wa") return http::Response{404, {}, R"({"code":"no"})"};
                                    limits.max_body = 4U << 20U;
                                    return std::nullopt;
                                  }};
  EXPECT_EQ("404 no", codeOf(send("POST", "/api/v1/webhooks/acme/sms", "x", "")));
  EXPECT_TRUE(refused_by_header_);
  EXPECT_EQ("200 ", codeOf(send("POST", "/api/v1/webhooks/acme/wa", "\xff not json", "")));
  EXPECT_EQ(4U << 20U, limits_.max_body);
  EXPECT_EQ(std::this_thread::get_id(), ran);
  EXPECT_EQ("200 ", codeOf(send("POST", "/api/v1/webhooks/acme/wa", std::string(100000, 'x'), "")));
  EXPECT_NE(std::this_thread::get_id(), ran);
}

}  // namespace
}  // namespace patchbay::api
