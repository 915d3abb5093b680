#include <gtest/gtest.h>

#include "api/contract.hpp"
#include "api/route_table.hpp"
#include "api/tenant_choice.hpp"

namespace patchbay::api {
namespace {

class Routes : public ::testing::Test {
 protected:
  std::string find(std::string_view path) const {
    const auto match = table_.find(path);
    if (match.kind == RouteMatch::Kind::kMalformed) return "malformed";
    if (match.kind == RouteMatch::Kind::kNotFound) return "nothing";
    std::string text = match.route->methods.begin()->second->path;
    for (std::size_t i = 0; i < match.values.size(); ++i) text += " " + match.route->names[i] + "=" + match.values[i];
    return text;
  }

  Contract contract_{builtInDocument(), {}};
  RouteTable table_{contract_};
};

TEST_F(Routes, LeadToOperations) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"/", "/"},
      {"/health", "/health"},
      {"/health/", "/health"},
      {"/api/v1/communications/conversations", "/conversations"},
      {"/api/v1/communications/conversations/", "/conversations"},
      {"/api/v1/tenants/acme/conversations", "/conversations tenant_slug=acme"},
      {"/api/v1/tenants/acme/conversations/7/mark-read/", "/conversations/{id}/mark-read tenant_slug=acme id=7"},
      {"/api/v1/communications/messages/conversation/7", "/messages/conversation/{id} id=7"},
      {"/api/v1/communications/messages/7", "/messages/{id} id=7"},
      {"/api/v1/communications/messages/conversation", "/messages/{id} id=conversation"},
      {"/api/v1/tenants", "/api/v1/tenants"},
      {"/api/v1/tenants/42/initialize", "/api/v1/tenants/{tenant_id}/initialize tenant_id=42"},
      {"/api/v1/tenants/acme/auth/test", "/api/v1/tenants/{tenant_slug}/auth/test tenant_slug=acme"},
      {"/api/v1/webhooks/acme/wa-main", "/api/v1/webhooks/{tenant_slug}/{channel} tenant_slug=acme channel=wa-main"},
      {"/api/v1/webhooks/incoming/whatsapp", "/api/v1/webhooks/incoming/{channel} channel=whatsapp"},
      {"/api/v1/webhooks/acme/mail/events/b%20c",
       "/api/v1/webhooks/{tenant_slug}/{channel}/{suffix} tenant_slug=acme channel=mail suffix=events/b%20c"},
      // Decoded piece by piece, after the split.
      {"/%68ealth", "/health"},
      {"/api/v1/tenants/ac%6De/conversations", "/conversations tenant_slug=acme"},
      {"/api/v1/tenants/a%27%3Bdrop/conversations", "/conversations tenant_slug=a';drop"},
      {"/api/v1/tenants/%C3%A4/conversations", "/conversations tenant_slug=\u00e4"},
      {"/api/v1/communications/conversations%2F7", "malformed"},
      {"/api/v1/communications/conversations/7%2fassign", "malformed"},
      {"/api/v1/communications/conversations/%00", "malformed"},
      {"/api/v1/communications/conversations/%zz", "malformed"},
      {"/api/v1/communications/conversations/%", "malformed"},
      {"/api/v1/communications/conversations/%ff", "malformed"},
      {"/api/v1/communications/conversations//7", "nothing"},
      {"/api/v1/communications//conversations", "nothing"},
      {"/api/v1/communications/conversations/7//", "nothing"},
      {"//", "nothing"},
      {"//health", "nothing"},
      {"/api/v1/communications/../../../health", "nothing"},
      {"/api/v1/communications", "nothing"},
      {"/HEALTH", "nothing"},
      {"/conversations", "nothing"},
      {"health", "nothing"},
      {"", "nothing"},
      {"/api/v1/webhooks/acme", "nothing"},
      {"/api/v1/webhooks//wa", "nothing"},
  };
  for (const auto& [path, expected] : table) EXPECT_EQ(expected, find(path)) << path;
  EXPECT_EQ("nothing", find(std::string(100000, '/')));
  EXPECT_EQ("nothing", find("/api/v1/webhooks/a/b" + std::string(3000, '/')));
}

struct Choice {
  TenantSources sources;
  Role role;
  std::string own;
  std::string expected;  // slug or code
};

TEST(TenantChoice, FollowsTheContract) {
  const auto none = std::nullopt;
  const std::vector<Choice> table = {
      {{none, none, none}, Role::kTenantUser, "acme", "acme"},
      {{none, "acme", none}, Role::kTenantUser, "acme", "acme"},
      {{none, none, "acme"}, Role::kTenantUser, "acme", "acme"},
      {{none, "acme", "acme"}, Role::kTenantUser, "acme", "acme"},
      {{"acme", none, none}, Role::kTenantUser, "acme", "acme"},
      {{none, "", ""}, Role::kTenantUser, "acme", "acme"},
      // Two that differ.
      {{none, "acme", "globex"}, Role::kTenantUser, "acme", "tenant_conflict"},
      {{none, "globex", none}, Role::kTenantUser, "acme", "tenant_conflict"},
      {{none, none, "globex"}, Role::kTenantAdmin, "acme", "tenant_conflict"},
      {{"acme", "globex", none}, Role::kTenantUser, "acme", "tenant_conflict"},
      {{"acme", none, "globex"}, Role::kSuperAdmin, "", "tenant_conflict"},
      {{none, "acme", "globex"}, Role::kSuperAdmin, "", "tenant_conflict"},
      // Foreign ones, in the URL: forbidden, whether they exist or not.
      {{"globex", none, none}, Role::kTenantUser, "acme", "tenant_forbidden"},
      {{"globex", none, none}, Role::kTenantAdmin, "acme", "tenant_forbidden"},
      {{"no-such", none, none}, Role::kTenantUser, "acme", "tenant_forbidden"},
      {{"globex", none, none}, Role::kTenantUser, "", "tenant_forbidden"},
      {{none, "globex", none}, Role::kTenantUser, "", "tenant_forbidden"},
      {{none, none, none}, Role::kTenantUser, "", "tenant_forbidden"},
      // Who enters everywhere.
      {{"globex", none, none}, Role::kSuperAdmin, "", "globex"},
      {{none, none, "globex"}, Role::kService, "", "globex"},
      {{none, "globex", none}, Role::kSuperAdmin, "acme", "tenant_conflict"},
      {{none, none, "globex"}, Role::kService, "acme", "tenant_conflict"},
      {{"globex", none, none}, Role::kService, "acme", "globex"},
      {{none, none, none}, Role::kSuperAdmin, "acme", "acme"},
      {{none, none, none}, Role::kService, "", "tenant_required"},
  };
  for (const auto& row : table) {
    Principal principal;
    principal.role = row.role;
    principal.tenant_slug = row.own;
    const auto chosen = chooseTenant(row.sources, principal);
    EXPECT_EQ(row.expected, chosen.ok() ? *chosen : chosen.error().code)
        << "url " << row.sources.url.value_or("-") << " query " << row.sources.query.value_or("-") << " header "
        << row.sources.header.value_or("-") << " role " << roleName(row.role) << " own " << row.own;
  }
}

}  // namespace
}  // namespace patchbay::api
