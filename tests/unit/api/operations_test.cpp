/// What holds for every operation of openapi.yaml, asked of every operation: the refusals of contract.md sections 1 and
/// 2, both prefixes, the trailing slash, unknown names.
#include "api/input.hpp"
#include "api_fixture.hpp"

namespace patchbay::api {
namespace {

/// A value that fits a schema whose references have been put in. Enough for what the document holds; the test
/// FitBodiesReachTheirEndpoints fails for a body that it cannot make.
Json sampleOf(const Json& schema) {
  if (schema.contains("example")) return schema["example"];
  if (schema.contains("enum")) return schema["enum"][0];
  if (schema.contains("const")) return schema["const"];
  for (const char* choice : {"anyOf", "oneOf"})
    if (schema.contains(choice)) return sampleOf(schema[choice][0]);
  auto type = schema.value("type", Json("object"));
  if (type.is_array()) type = type[0];
  if (type == "object") {
    Json value = Json::object();
    for (const auto& name : schema.value("required", Json::array()))
      value[name.get<std::string>()] = sampleOf(schema["properties"][name.get<std::string>()]);
    return value;
  }
  if (type == "array")
    return schema.value("minItems", 0) > 0 ? Json::array({sampleOf(schema["items"])}) : Json::array();
  if (type == "integer" || type == "number") return schema.value("minimum", 1);
  if (type == "boolean") return true;
  if (schema.value("format", "") == "uuid") return kAda;
  if (schema.value("format", "") == "uri") return "https://example.org/a";
  if (schema.value("format", "") == "date-time") return "2026-01-01T00:00:00Z";
  return std::string(static_cast<std::size_t>(std::max(4, schema.value("minLength", 4))), 'a');
}

class EveryOperation : public ApiTest {
 protected:
  struct Way {
    const Operation* operation;
    std::string path;     // with sample values
    bool names_a_tenant;  // in the path
  };

  static bool isOpen(const Operation& operation) {
    return operation.auth == AuthRule::kPublic || operation.auth == AuthRule::kWebhook;
  }
  static bool choosesTenant(const Operation& operation) {
    return operation.auth == AuthRule::kTenant || operation.auth == AuthRule::kTenantAdmin;
  }

  /// Each operation under each of its prefixes.
  std::vector<Way> ways(const std::string& tenant = "acme") {
    std::vector<Way> all;
    for (const auto& operation : contract_.operations()) {
      if (!operation.on_public) continue;
      for (const auto& mount : operation.mounts) {
        std::string path = mount + operation.path;
        const bool names = path.find("{tenant_slug}") != std::string::npos;
        for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
          const auto name = path.substr(open + 1, path.find('}') - open - 1);
          path.replace(open, name.size() + 2, name == "tenant_slug" ? tenant : pathSample(operation, name));
        }
        all.push_back({&operation, path, names});
      }
    }
    return all;
  }

  static std::string pathSample(const Operation& operation, const std::string& name) {
    for (const auto& parameter : operation.path_parameters)
      if (parameter.name == name) {
        const auto value = sampleOf(parameter.schema.document());
        return value.is_string() ? value.get<std::string>() : dumpJson(value);
      }
    return "x";
  }

  static std::string bodyFor(const Operation& operation, const Json& change = Json::object()) {
    if (!operation.body) return {};
    auto body = sampleOf(operation.body_shape);
    body.merge_patch(change);
    return dumpJson(body);
  }

  /// A caller that may call it.
  static Json caller(const Operation& operation, const Json& change = Json::object()) {
    Json who = {{"role", operation.auth == AuthRule::kOperator ? "super_admin" : "tenant_admin"}};
    who.merge_patch(change);
    return who;
  }

  http::Response ask(const Way& way, const std::string& authorization, http::Headers more = {},
                     const std::string& query = {}, const std::optional<std::string>& body = {}) {
    auto one = request(way.operation->method, way.path + query, body ? *body : bodyFor(*way.operation), authorization);
    one.headers.insert(one.headers.end(), more.begin(), more.end());
    return send(std::move(one));
  }
};

TEST_F(EveryOperation, IsReachedUnderItsPrefixesWithAndWithoutASlash) {
  for (const auto& way : ways()) {
    if (way.operation->auth == AuthRule::kWebhook || way.path == "/") continue;
    for (const char* slash : {"", "/"}) {
      const auto response = ask({way.operation, way.path + slash, false}, bearer(caller(*way.operation)));
      EXPECT_EQ("200 ", codeOf(response)) << way.operation->method << " " << way.path << slash << response.body;
      EXPECT_EQ(way.operation->id, last_.operation->id) << way.path;
      EXPECT_EQ(choosesTenant(*way.operation) ? "acme" : "", last_.tenant) << way.path;
    }
  }
}

TEST_F(EveryOperation, OfATenantExistsUnderBothPrefixes) {
  int count = 0;
  for (const auto& operation : contract_.operations()) {
    if (!choosesTenant(operation) || operation.path.starts_with("/api/")) continue;
    EXPECT_EQ((std::vector<std::string>{"/api/v1/communications", "/api/v1/tenants/{tenant_slug}"}), operation.mounts)
        << operation.id;
    ++count;
  }
  EXPECT_GE(count, 15);
}

TEST_F(EveryOperation, WithoutAGoodTokenIs401BeforeItsBodyIsLookedAt) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"", "Bearer"},
      {"Basic YWRhOnBhc3M=", "Bearer"},
      {"Bearer nonsense", "Bearer error=\"invalid_token\""},
      {bearer({{"exp", secondsFromNow(-1)}}), "Bearer error=\"invalid_token\""},
      {bearer({{"exp", nullptr}}), "Bearer error=\"invalid_token\""},
      {bearer({{"nbf", secondsFromNow(600)}}), "Bearer error=\"invalid_token\""},
      {bearer({{"type", "refresh"}}), "Bearer error=\"invalid_token\""},
      {bearer({{"sub", "ada"}}), "Bearer error=\"invalid_token\""},
      {bearer() + "x", "Bearer error=\"invalid_token\""},
      {"Bearer pb_short", "Bearer error=\"invalid_token\""},
  };
  for (const auto& way : ways()) {
    if (isOpen(*way.operation)) continue;
    for (const auto& [authorization, challenge] : bad) {
      const auto response = ask(way, authorization, {}, "", "{");
      EXPECT_EQ("401 invalid_token", codeOf(response)) << way.path << " " << authorization;
      EXPECT_EQ(challenge, http::find(response.headers, "WWW-Authenticate")) << way.path << " " << authorization;
      EXPECT_TRUE(refused_by_header_) << way.path;
    }
    // A key that only the database can tell is refused by a worker, still before the body.
    EXPECT_EQ("401 invalid_token", codeOf(ask(way, "Bearer " + newApiKey().text, {}, "", "{"))) << way.path;
  }
  EXPECT_EQ(0, calls_);
}

TEST_F(EveryOperation, OfAForeignTenantIs403TheSameWhetherItExistsOrNot) {
  const auto there = ways("globex"), missing = ways("no-such");
  for (std::size_t i = 0; i < there.size(); ++i) {
    if (!choosesTenant(*there[i].operation) || !there[i].names_a_tenant) continue;
    const auto one = ask(there[i], bearer(), {}, "", "{"), other = ask(missing[i], bearer(), {}, "", "{");
    EXPECT_EQ("403 tenant_forbidden", codeOf(one)) << there[i].path;
    EXPECT_EQ(one.body, other.body) << there[i].path;
    EXPECT_EQ("404 tenant_not_found", codeOf(ask(missing[i], bearer({{"role", "super_admin"}}), {}, "", "{")));
  }
}

TEST_F(EveryOperation, WithTwoTenantsThatDifferIs400) {
  for (const auto& way : ways()) {
    if (!choosesTenant(*way.operation)) continue;
    const auto token = bearer({{"role", "super_admin"}});
    EXPECT_EQ("400 tenant_conflict", codeOf(ask(way, token, {}, "?tenant_slug=globex", "{"))) << way.path;
    EXPECT_EQ("400 tenant_conflict", codeOf(ask(way, token, {{"X-Tenant-Slug", "globex"}}, "", "{"))) << way.path;
    EXPECT_EQ("400 tenant_conflict", codeOf(ask(way, token, {{"X-Tenant-Slug", "globex"}}, "?tenant_slug=acme", "{")))
        << way.path;
    EXPECT_EQ("200 ", codeOf(ask(way, token, {{"X-Tenant-Slug", "acme"}}, "?tenant_slug=acme"))) << way.path;
  }
}

TEST_F(EveryOperation, NeedsItsPermissionWhenTheTokenIsLimited) {
  for (const auto& way : ways()) {
    const auto& needed = way.operation->permission;
    if (needed.empty()) continue;
    const auto with = [&](const std::string& entry) {
      return bearer(caller(*way.operation, {{"permissions", {"billing.read", entry}}}));
    };
    const auto refused = ask(way, with("conversations.nothing"), {}, "", "{");
    EXPECT_EQ("403 permission_required", codeOf(refused)) << way.path;
    EXPECT_NE(std::string::npos, http::find(refused.headers, "WWW-Authenticate").find("scope=\"" + needed + "\""));
    for (const auto& word : contract_.permissions())
      if (word != needed) {
        EXPECT_EQ("403 permission_required", codeOf(ask(way, with(word), {}, "", "{"))) << way.path << " " << word;
      }
    for (const auto& entry : {needed, needed.substr(0, needed.find('.')) + ".*", std::string{"*"}})
      EXPECT_EQ("200 ", codeOf(ask(way, with(entry)))) << way.path << " " << entry;
  }
}

TEST_F(EveryOperation, RefusesRolesThatAreTooSmall) {
  for (const auto& way : ways()) {
    const auto as = [&](const char* role) { return codeOf(ask(way, bearer({{"role", role}}), {}, "", "{")); };
    if (isOpen(*way.operation) || way.operation->auth == AuthRule::kToken) continue;
    EXPECT_EQ("403 role_unknown", as("janitor")) << way.path;
    if (way.operation->auth == AuthRule::kTenantAdmin) {
      EXPECT_EQ("403 role_required", as("user")) << way.path;
    }
    if (way.operation->auth == AuthRule::kOperator) {
      EXPECT_EQ("403 role_required", as("tenant_admin")) << way.path;
    }
  }
}

TEST_F(EveryOperation, SaysWhatItsPathTakesWhenTheMethodIsAnother) {
  for (const auto& way : ways()) {
    auto other = request("BREW", way.path);
    const auto response = send(std::move(other));
    EXPECT_EQ("405 method_not_allowed", codeOf(response)) << way.path;
    EXPECT_NE(std::string::npos, http::find(response.headers, "Allow").find(way.operation->method)) << way.path;
    EXPECT_TRUE(refused_by_header_) << way.path;
  }
}

TEST_F(EveryOperation, IgnoresUnknownParametersAndNamesThemUnlessAskedToBeStrict) {
  const http::Headers strict = {{"Prefer", "handling=strict"}};
  for (const auto& way : ways()) {
    if (way.operation->auth == AuthRule::kWebhook) continue;
    const auto token = bearer(caller(*way.operation));
    const auto lenient = ask(way, token, {}, "?zz%0d%0aSet-Cookie=1");
    EXPECT_EQ("200 ", codeOf(lenient)) << way.path;
    EXPECT_EQ("zz%0D%0ASet-Cookie", http::find(lenient.headers, "Patchbay-Ignored")) << way.path;
    EXPECT_EQ("", http::find(lenient.headers, "Preference-Applied")) << way.path;
    const auto refused = ask(way, token, strict, "?zz=1");
    EXPECT_EQ("422 validation_failed", codeOf(refused)) << way.path;
    EXPECT_EQ("query:zz", pointersOf(refused)) << way.path;
    EXPECT_EQ("handling=strict", http::find(refused.headers, "Preference-Applied")) << way.path;
    const auto fine = ask(way, token, strict);
    EXPECT_EQ("200 ", codeOf(fine)) << way.path;
    EXPECT_EQ("handling=strict", http::find(fine.headers, "Preference-Applied")) << way.path;
  }
}

TEST_F(EveryOperation, WithABodyIgnoresUnknownMembersAndNamesThemUnlessAskedToBeStrict) {
  int count = 0;
  for (const auto& way : ways()) {
    if (!way.operation->body) continue;
    if (way.operation->body_shape.value("additionalProperties", Json(false)) != false) continue;
    ++count;
    const auto token = bearer(caller(*way.operation));
    const auto body = bodyFor(*way.operation, {{"zz ~/\r\nX: y", 1}});
    const auto lenient = ask(way, token, {}, "", body);
    EXPECT_EQ("200 ", codeOf(lenient)) << way.path << lenient.body;
    EXPECT_EQ("zz%20~0~1%0D%0AX%3A%20y", http::find(lenient.headers, "Patchbay-Ignored")) << way.path;
    EXPECT_FALSE(sent().contains("zz ~/\r\nX: y")) << way.path;
    const auto strict = ask(way, token, {{"Prefer", "handling=strict"}}, "", body);
    EXPECT_EQ("422 validation_failed", codeOf(strict)) << way.path;
    EXPECT_EQ("/zz ~0~1\r\nX: y", pointersOf(strict)) << way.path;
    EXPECT_EQ("handling=strict", http::find(strict.headers, "Preference-Applied")) << way.path;
  }
  EXPECT_GE(count, 10);
}

TEST_F(EveryOperation, WithABodyRefusesWhatIsNoJsonAndWhatDoesNotFit) {
  for (const auto& way : ways()) {
    if (!way.operation->body) continue;
    const auto token = bearer(caller(*way.operation));
    EXPECT_EQ("400 invalid_json", codeOf(ask(way, token, {}, "", "{"))) << way.path;
    EXPECT_EQ("422 validation_failed", codeOf(ask(way, token, {}, "", "[1]"))) << way.path;
    if (way.operation->body_required) {
      EXPECT_EQ("422 validation_failed", codeOf(ask(way, token, {}, "", ""))) << way.path;
    }
  }
}

TEST(Prefer, OnlyTheFirstHandlingCounts) {
  const auto strict = [](std::vector<std::string> values) {
    http::Request request;
    for (auto& value : values) request.headers.push_back({"Prefer", std::move(value)});
    return wantsStrict(request);
  };
  EXPECT_TRUE(strict({"handling=strict"}));
  EXPECT_TRUE(strict({"respond-async, Handling = \"strict\"; x=1"}));
  EXPECT_TRUE(strict({"return=minimal", "handling=strict"}));
  EXPECT_FALSE(strict({"handling=lenient, handling=strict"}));
  EXPECT_FALSE(strict({"x; handling=strict"}));
  EXPECT_FALSE(strict({"handling=strictly"}));
  EXPECT_FALSE(strict({"handling"}));
  EXPECT_FALSE(strict({}));
}

}  // namespace
}  // namespace patchbay::api
