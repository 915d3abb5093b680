/// Conversations, messages, tenants, keys and the documentation, through the API.
#include "integration/api_fixture.hpp"

namespace patchbay::testing {
namespace {

TEST_F(ApiTest, AConversationIsMadeFoundChangedAndArchived) {
  const auto made = call("POST", kRoot + "/conversations/",
                         {{"channel", "web"},
                          {"contact_identifier", "ada"},
                          {"contact_name", "Ada \"'; DROP"},
                          {"tags", {"vip"}},
                          {"first_message", "Hello"}});
  ASSERT_EQ(201, made.status) << made.response.body;
  const std::int64_t id = made.body["id"];
  const auto path = kRoot + "/conversations/" + std::to_string(id);
  EXPECT_EQ(path, made.header("Location"));
  EXPECT_EQ("\"" + std::to_string(made.body["version"].get<int>()) + "\"", made.header("ETag"));
  EXPECT_EQ("Ada \"'; DROP", made.body["contact_name"]);
  EXPECT_EQ(1, made.body["message_count"]);

  const auto again = call("POST", kRoot + "/conversations",
                          {{"channel", "web"}, {"contact_identifier", "ada"}, {"first_message", "Still me"}});
  EXPECT_EQ(200, again.status);
  EXPECT_EQ(id, again.body["id"]);
  EXPECT_EQ(2, again.body["message_count"]);

  const auto read = call("GET", path);
  EXPECT_EQ(again.body, read.body);
  EXPECT_EQ(read.body, call("GET", "/api/v1/tenants/acme/conversations/" + std::to_string(id) + "/").body);
  EXPECT_EQ(304, call("GET", path, Json(), {{"If-None-Match", read.header("ETag")}}).status);

  const auto changed =
      call("PUT", path, {{"priority", "high"}, {"contact_name", nullptr}}, {{"If-Match", read.header("ETag")}});
  ASSERT_EQ(200, changed.status) << changed.response.body;
  EXPECT_EQ("high", changed.body["priority"]);
  EXPECT_TRUE(changed.body["contact_name"].is_null());
  EXPECT_EQ(Json({"vip"}), changed.body["tags"]);
  const auto stale = call("PATCH", path, {{"priority", "low"}}, {{"If-Match", read.header("ETag")}});
  EXPECT_EQ(412, stale.status);
  EXPECT_EQ(412, call("PATCH", path, {{"priority", "low"}}, {{"If-Match", "\"abc\""}}).status);
  EXPECT_EQ(422, call("PATCH", path, {{"priority", "low"}}, {{"If-Match", "\"1\", \"2\""}}).status);
  EXPECT_EQ(200, call("PATCH", path, Json::object(), {{"If-Match", "*"}}).status);

  EXPECT_EQ(kAda, call("POST", path + "/assign", {{"assigned_to", kAda}}).body["assigned_to"]);
  EXPECT_TRUE(call("PUT", path + "/assign", {{"assigned_to", nullptr}}).body["assigned_to"].is_null());
  EXPECT_EQ(0, call("POST", path + "/mark-read").body["unread_count"]);
  EXPECT_EQ(200, call("PUT", path + "/read").status);

  EXPECT_EQ(422, call("DELETE", path + "?purge=true").status);
  EXPECT_EQ(204, call("DELETE", path).status);
  const auto archived = call("GET", path);
  EXPECT_EQ("archived", archived.body["status"]);
  EXPECT_FALSE(archived.body["archived_at"].is_null());
}

TEST_F(ApiTest, ListsFilter) {
  const auto first = newConversation("a");
  const auto second = newConversation("b");
  (void)call("PUT", kRoot + "/conversations/" + std::to_string(second), {{"status", "open"}, {"tags", {"o'hara"}}});
  const auto ids = [&](const std::string& query) {
    Json found = Json::array();
    for (const auto& one : call("GET", kRoot + "/conversations?" + query).body) found.push_back(one["id"]);
    return found;
  };
  EXPECT_EQ(Json::array({second}), ids("status=open"));
  EXPECT_EQ(Json::array({first, second}), ids("sort=created_at"));
  EXPECT_EQ(Json::array({second}), ids("sort=created_at&skip=1&limit=1"));
  EXPECT_EQ(Json::array({second}), ids("tag=o'hara"));
  EXPECT_EQ(Json::array({first}), ids("search=A"));
  EXPECT_EQ(Json::array(), ids("search=%25&date_from=2026-01-01"));
  EXPECT_EQ(Json::array(), ids("date_to=2020-01-01"));
  EXPECT_EQ(Json::array(), ids("channel=whatsapp&is_lead=true&connector='%3BDROP%20TABLE&assigned_to=" + kAda));
}

TEST_F(ApiTest, TenantsDoNotSeeEachOther) {
  const auto id = newConversation();
  const auto as_globex = [&](const std::string& path) {
    return send(request("GET", path, "", {{"Authorization", token("globex", "tenant_admin")}})).status;
  };
  EXPECT_EQ(404, as_globex(kRoot + "/conversations/" + std::to_string(id)));
  EXPECT_EQ(403, as_globex("/api/v1/tenants/acme/conversations/" + std::to_string(id)));
  EXPECT_EQ(Json::array(),
            send(request("GET", kRoot + "/conversations", "", {{"Authorization", token("globex")}})).body);
  EXPECT_EQ(404,
            send(request("GET", "/api/v1/tenants/nobody/messages", "", {{"Authorization", token("", "super_admin")}}))
                .status);
  EXPECT_EQ(200,
            send(request("GET", "/api/v1/tenants/globex/messages", "", {{"Authorization", token("", "super_admin")}}))
                .status);
}

TEST_F(ApiTest, MessagesAreRecordedListedAndMovedForward) {
  const auto conversation = newConversation();
  const auto post = [&](Json more) {
    Json body = {{"conversation_id", conversation}, {"direction", "out"}, {"content", "one"}};
    body.merge_patch(more);
    return call("POST", kRoot + "/messages", body);
  };
  const auto out = post(Json::object());
  ASSERT_EQ(201, out.status) << out.response.body;
  EXPECT_EQ("sent", out.body["status"]);
  EXPECT_EQ("ada", out.body["sender"]["name"]);
  const auto path = kRoot + "/messages/" + std::to_string(out.body["id"].get<int>());
  EXPECT_EQ(path, out.header("Location"));
  const auto in = post({{"direction", "in"}, {"content", "t\u00e4xt \xF0\x9F\x98\x80"}});
  EXPECT_EQ("delivered", in.body["status"]);

  const auto ids = [](const Reply& reply) {
    Json found = Json::array();
    for (const auto& one : reply.body) found.push_back(one["id"]);
    return found;
  };
  const Json a = out.body["id"], b = in.body["id"];
  EXPECT_EQ(Json::array({b, a}), ids(call("GET", kRoot + "/messages")));
  EXPECT_EQ(Json::array({b, a}), ids(call("GET", kRoot + "/messages?conversation_id=" + std::to_string(conversation))));
  const auto thread = kRoot + "/messages/conversation/" + std::to_string(conversation);
  EXPECT_EQ(Json::array({a, b}), ids(call("GET", thread)));
  EXPECT_EQ(Json::array({b}), ids(call("GET", thread + "?skip=1")));
  EXPECT_EQ(Json::array({b}), ids(call("GET", thread + "?anchor=newest&before=1")));
  EXPECT_EQ(422, call("GET", thread + "?anchor=oldest").status);
  EXPECT_EQ(404, call("GET", kRoot + "/messages/conversation/999").status);
  EXPECT_TRUE(call("GET", path).body.contains("attempt_log"));

  EXPECT_EQ("read", call("PUT", path + "/status", {{"status", "read"}}).body["status"]);
  const auto back = call("PUT", path + "/status", {{"status", "delivered"}});
  EXPECT_EQ(409, back.status);
  EXPECT_EQ("status_regression", back.body["code"]);
  EXPECT_EQ(422, call("PUT", path + "/status", {{"status", "lost"}}).status);
  EXPECT_EQ(404, call("PUT", kRoot + "/messages/999/status", {{"status", "lost"}}).status);
  EXPECT_EQ(422, call("POST", kRoot + "/messages", {{"direction", "out"}, {"content", "to nobody"}}).status);
  EXPECT_EQ(404, post({{"conversation_id", 999}}).status);
}

TEST_F(ApiTest, ARepeatedPostGetsTheFirstAnswerAgain) {
  const auto conversation = newConversation();
  const auto post = [&](const std::string& text, const std::string& path = kRoot + "/messages") {
    return call("POST", path, {{"conversation_id", conversation}, {"direction", "out"}, {"content", text}},
                {{"Idempotency-Key", "key-1"}});
  };
  const auto first = post("one");
  const auto second = post("one");
  EXPECT_EQ(201, first.status);
  EXPECT_EQ(201, second.status);
  EXPECT_EQ("", first.header("Idempotent-Replayed"));
  EXPECT_EQ("true", second.header("Idempotent-Replayed"));
  EXPECT_EQ(first.header("Location"), second.header("Location"));
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(1, rows("inbox_messages"));
  const auto other = post("two");
  EXPECT_EQ(422, other.status);
  EXPECT_EQ("idempotency_key_reused", other.body["code"]);
  EXPECT_EQ("true", post("one", kRoot + "/messages/").header("Idempotent-Replayed"));
  EXPECT_EQ(1, rows("inbox_messages"));
}

TEST_F(ApiTest, ConcurrentRepeatsOfOnePostAreOneMessage) {
  const auto conversation = newConversation();
  std::vector<std::future<http::Response>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(begin(
        request("POST", kRoot + "/messages",
                dumpJson({{"conversation_id", conversation}, {"direction", "out"}, {"content", "once"}}),
                {{"Authorization", token()}, {"Content-Type", "application/json"}, {"Idempotency-Key", "same"}})));
  for (auto& answer : answers) EXPECT_EQ(201, answer.get().status);
  EXPECT_EQ(1, rows("inbox_messages"));
}

TEST_F(ApiTest, TextFromOutsideCannotBreakAStatement) {
  const Json hostile = {{"channel", "web"},
                        {"contact_identifier", "x'); DROP SCHEMA tenant_acme CASCADE; --"},
                        {"contact_name", std::string("nul \0 inside", 12)},
                        {"contact_metadata", {{std::string("k\0", 2), std::string("v\0", 2)}}},
                        {"first_message", "{{secret:access_token}} \\u0000 %s ${HOME}"}};
  const auto made = call("POST", kRoot + "/conversations", hostile);
  ASSERT_EQ(201, made.status) << made.response.body;
  EXPECT_EQ(hostile["contact_identifier"], made.body["contact_identifier"]);
  EXPECT_EQ("nul \uFFFD inside", made.body["contact_name"]);
  EXPECT_EQ(hostile["first_message"], made.body["last_message"]);
}

TEST_F(ApiTest, TenantsAreProvisionedAsThePredecessorDid) {
  const auto inside = [&](const std::string& id, const Json& body) {
    auto one = request("POST", "/api/v1/tenants/" + id + "/initialize", body.is_null() ? "" : dumpJson(body),
                       {{"Content-Type", "application/json"}});
    one.listener = http::Listener::kInternal;
    return send(std::move(one));
  };
  const auto made = inside("any%20text", {{"schema_name", "tenant_new_one"}});
  ASSERT_EQ(200, made.status) << made.response.body;
  EXPECT_EQ("any text", made.body["tenant_id"]);
  EXPECT_EQ("tenant_new_one", made.body["schema_name"]);
  EXPECT_FALSE(made.body["tables_created"].empty());
  EXPECT_EQ(200, inside("any%20text", {{"schema_name", "tenant_new_one"}}).status);
  EXPECT_EQ(400, inside("1", Json::object()).status);
  EXPECT_EQ(400, inside("1", Json()).status);
  EXPECT_EQ(400, inside("1", {{"schema_name", ""}}).status);
  for (const char* bad :
       {"tenant_", "a; DROP SCHEMA public", "tenant_\"x\"", "tenant_UPPER", "incoming", "tenant_\u00e4"})
    EXPECT_EQ(422, inside("1", {{"schema_name", bad}}).status) << bad;
  EXPECT_EQ(401, send(request("POST", "/api/v1/tenants/1/initialize", R"({"schema_name":"tenant_x"})", {})).status);
  EXPECT_EQ(
      200,
      send(request("GET", "/api/v1/tenants/new-one/conversations", "", {{"Authorization", token("new-one")}})).status);
}

TEST_F(ApiTest, TenantsAreListedAndMadeByOperators) {
  const auto as_super = [&](const std::string& method, const std::string& body = "") {
    return send(request(method, "/api/v1/tenants", body,
                        {{"Authorization", token("", "super_admin")}, {"Content-Type", "application/json"}}));
  };
  const auto made = as_super("POST", R"({"slug":"initech","name":"Initech"})");
  ASSERT_EQ(201, made.status) << made.response.body;
  EXPECT_EQ("Initech", made.body["name"]);
  EXPECT_EQ("tenant_exists", as_super("POST", R"({"slug":"initech"})").body["code"]);
  EXPECT_EQ("/slug", as_super("POST", R"({"slug":"incoming"})").body["errors"][0]["pointer"]);
  Json slugs = Json::array();
  for (const auto& tenant : as_super("GET").body) slugs.push_back(tenant["slug"]);
  EXPECT_EQ(Json({"acme", "globex", "initech"}), slugs);
}

TEST_F(ApiTest, ApiKeysOpenTheirTenant) {
  const auto key = api::createApiKey(*pool_.lease(), {.tenant = "acme", .name = "crm"});
  ASSERT_TRUE(key.ok());
  const auto as = [&](const std::string& text, const std::string& path) {
    return send(request("GET", path, "", {{"Authorization", "Bearer " + text}}));
  };
  const auto who = as(key->text, "/api/v1/auth/test");
  EXPECT_EQ(200, who.status);
  EXPECT_EQ("crm", who.body["user"]["username"]);
  EXPECT_EQ("tenant_user", who.body["user"]["role"]);
  EXPECT_EQ(200, as(key->text, kRoot + "/conversations").status);
  EXPECT_EQ(403, as(key->text, "/api/v1/tenants/globex/conversations").status);
  EXPECT_EQ(401, as(key->text + "x", kRoot + "/conversations").status);
  EXPECT_EQ(1, count("SELECT count(*) FROM patchbay.api_keys WHERE last_used_at IS NOT NULL"));
  EXPECT_EQ(0, count("SELECT count(*) FROM patchbay.api_keys WHERE key_hash = '" + key->text + "' OR key_prefix = '" +
                     key->text + "'"));
  database_.query("UPDATE patchbay.api_keys SET revoked_at = now()");
  authenticator_.forgetApiKeys();
  EXPECT_EQ(401, as(key->text, kRoot + "/conversations").status);
  const auto old =
      api::createApiKey(*pool_.lease(), {.tenant = "acme", .name = "old", .expires_at = now() - std::chrono::hours{1}});
  EXPECT_EQ(401, as(old->text, kRoot + "/conversations").status);
  EXPECT_EQ("tenant_not_found", api::createApiKey(*pool_.lease(), {.tenant = "nobody", .name = "x"}).error().code);
  EXPECT_FALSE(api::createApiKey(*pool_.lease(), {.tenant = "acme", .name = "x", .role = api::Role::kSuperAdmin}).ok());
}

TEST_F(ApiTest, FilesOnTheirWayOutAreBoundedInMemory) {
  const auto path = kRoot + "/media/" + std::string(64, 'a');
  std::vector<Reply> slow_readers;
  for (int i = 0; i < 6; ++i) slow_readers.push_back(call("GET", path));
  for (const auto& one : slow_readers) EXPECT_EQ(file_size_, one.response.content().size());
  const auto refused = call("GET", path);
  EXPECT_EQ(503, refused.status);
  EXPECT_EQ("media_busy", refused.body["code"]);
  EXPECT_EQ("2", refused.header("Retry-After"));
  slow_readers.pop_back();
  EXPECT_EQ(200, call("GET", path).status);
  slow_readers.clear();
  file_size_ = std::size_t{65} << 20U;  // over the whole budget: alone
  const auto large = call("GET", path);
  EXPECT_EQ(200, large.status);
  EXPECT_EQ(503, call("GET", path).status);
}

TEST_F(ApiTest, AnIdempotencyKeyMeansTheSameUnderBothPrefixes) {
  const auto body = dumpJson({{"channel", "web"}, {"contact_identifier", "ada"}});
  const auto at = [&](const std::string& prefix) {
    return send(request("POST", prefix + "/conversations", body,
                        {{"Authorization", token()}, {"Content-Type", "application/json"}, {"Idempotency-Key", "k1"}}));
  };
  EXPECT_EQ(201, at(kRoot).status);
  const auto again = at("/api/v1/tenants/acme");
  EXPECT_EQ(201, again.status) << again.response.body;
  EXPECT_EQ("true", again.header("Idempotent-Replayed"));
}

TEST_F(ApiTest, ASearchFoldsCaseAsTheDatabaseDoes) {
  ASSERT_EQ(201, call("POST", kRoot + "/conversations",
                      {{"channel", "web"}, {"contact_identifier", "ada"}, {"contact_name", "\u00c4rzte B\u00fcro"}})
                     .status);
  EXPECT_EQ(1U, call("GET", kRoot + "/conversations?search=%C3%84rzte").body.size());
  EXPECT_EQ(1U, call("GET", kRoot + "/conversations?search=b%C3%BCRO").body.size());
}

TEST_F(ApiTest, SaysWhatItIsAndHowItIs) {
  const auto get = [&](const std::string& path, http::Headers headers = {}) {
    return send(request("GET", path, "", std::move(headers)));
  };
  EXPECT_EQ("Communication Service", get("/").body["service"]);
  EXPECT_EQ("1.2.3", get("/").body["version"]);
  EXPECT_EQ("healthy", get("/health").body["status"]);
  EXPECT_EQ("/docs", get("/api/v1/info").body["api_documentation"]);
  EXPECT_EQ("ready", get("/ready").body["status"]);
  readiness_.reasons = {"database: away"};
  const auto not_ready = get("/ready");
  EXPECT_EQ(503, not_ready.status);
  EXPECT_EQ(Json({"database: away"}), not_ready.body["reasons"]);
  EXPECT_EQ("2", not_ready.header("Retry-After"));
  const auto me = send(request("GET", "/api/v1/tenants/acme/auth/test", "", {{"Authorization", token()}}));
  EXPECT_EQ(kAda, me.body["user"]["id"]);
  EXPECT_EQ("acme", me.body["requested_tenant"]);
  EXPECT_EQ(true, me.body["access_granted"]);
}

TEST_F(ApiTest, ServesItsDocumentationByItself) {
  const auto get = [&](const std::string& path, http::Headers headers = {}) {
    return send(request("GET", path, "", std::move(headers)));
  };
  const auto document = get("/openapi.json");
  EXPECT_EQ("3.1.0", document.body["openapi"]);
  EXPECT_EQ(2U, document.body["servers"].size());
  for (const char* path :
       {"/docs", "/redoc", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/redoc.standalone.js",
        "/docs/swagger-init.js", "/docs/redoc-init.js", "/docs/favicon.png", "/openapi.json"}) {
    const auto file = get(path);
    EXPECT_EQ(200, file.status) << path;
    EXPECT_GT(file.response.content().size(), 100U) << path;
    EXPECT_NE(std::string::npos, file.header("Content-Security-Policy").find("script-src 'self';")) << path;
    EXPECT_EQ(304, get(path, {{"If-None-Match", file.header("ETag")}}).status) << path;
  }
  for (const char* page : {"/docs", "/redoc"})
    EXPECT_EQ(std::string::npos, get(page).response.content().find("//")) << page << " loads something from elsewhere";
  EXPECT_EQ(404, get("/docs/package.json").status);
  EXPECT_EQ(400, get("/docs/..%2f..%2fetc%2fpasswd").status);
}

}  // namespace
}  // namespace patchbay::testing
