#include "api/api_keys.hpp"

#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr std::size_t kMaxName = 255;

// Scopes travel as one text: no permission has a blank in it.
constexpr db::Statement kFind{
    "api_key.find",
    "SELECT id, tenant, name, role, expires_at, last_used_at IS NULL OR last_used_at < now() - interval '1 minute', "
    "array_to_string(scopes, ' ') "
    "FROM patchbay.api_keys WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"};
constexpr db::Statement kUsed{"api_key.used", "UPDATE patchbay.api_keys SET last_used_at = now() WHERE id = $1"};
constexpr db::Statement kInsert{
    "api_key.insert",
    "INSERT INTO patchbay.api_keys (tenant, name, key_hash, key_prefix, role, scopes, expires_at) "
    "SELECT slug, $2, $3, $4, $5, $6, $7 FROM patchbay.tenants WHERE slug = $1 RETURNING id"};
constexpr db::Statement kTenant{"api_key.tenant", "SELECT 1 FROM patchbay.tenants WHERE slug = $1"};
constexpr db::Statement kList{
    "api_key.list",
    "SELECT id, name, key_prefix, role, array_to_string(scopes, ' '), created_at, last_used_at, expires_at "
    "FROM patchbay.api_keys WHERE tenant = $1 AND revoked_at IS NULL ORDER BY id"};
constexpr db::Statement kRevoke{"api_key.revoke",
                                "UPDATE patchbay.api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL "
                                "RETURNING tenant, name"};
constexpr db::Statement kIsThere{"api_key.is_there", "SELECT 1 FROM patchbay.api_keys WHERE id = $1"};

std::vector<std::string> scopesOf(std::string_view text) {
  std::vector<std::string> scopes;
  if (text.empty()) return scopes;
  for (const auto scope : split(text, ' ')) scopes.emplace_back(scope);
  return scopes;
}

Error noTenant(const std::string& slug) {
  return {ErrorKind::kNotFound, "tenant_not_found", "There is no tenant '" + slug + "'."};
}

}  // namespace

FindApiKey findApiKeyIn(db::Pool& pool) {
  return [&pool](std::string_view hash) -> std::optional<ApiKey> {
    auto connection = pool.lease();
    const auto rows = connection->execute(kFind, nullptr, db::Params().bytes(hash));
    if (rows.empty()) return std::nullopt;
    ApiKey key;
    key.id = rows.int8(0, 0);
    key.tenant = rows.text(0, 1);
    key.name = rows.text(0, 2);
    key.role = rows.text(0, 3) == roleName(Role::kTenantAdmin) ? Role::kTenantAdmin : Role::kTenantUser;
    key.expires_at = rows.timestamp(0, 4);
    key.scopes = scopesOf(rows.text(0, 6));
    if (rows.boolean(0, 5)) connection->execute(kUsed, nullptr, db::Params().int8(key.id));
    return key;
  };
}

Result<CreatedApiKey> createApiKey(db::Connection& connection, const ApiKeyRequest& request) {
  if (request.role != Role::kTenantUser && request.role != Role::kTenantAdmin)
    return Error{ErrorKind::kInvalid, "invalid_role", "The role of an API key must be tenant_user or tenant_admin."};
  const auto name = cleanText(request.name);
  if (trim(name).empty() || name.size() > kMaxName)
    return Error{ErrorKind::kInvalid, "invalid_name", "The name of an API key must have 1 to 255 characters."};
  const auto key = newApiKey();
  db::Params params;
  params.text(request.tenant).text(name).bytes(key.hash).text(key.prefix).text(roleName(request.role));
  params.textArray(std::span<const std::string>(request.scopes)).optionalTimestamp(request.expires_at);
  const auto rows = connection.execute(kInsert, nullptr, std::move(params));
  if (rows.empty()) return noTenant(request.tenant);
  return CreatedApiKey{rows.int8(0, 0), key.text};
}

Result<std::vector<ApiKeyInfo>> listApiKeys(db::Connection& connection, const std::string& tenant) {
  if (connection.execute(kTenant, nullptr, db::Params().text(tenant)).empty()) return noTenant(tenant);
  const auto rows = connection.execute(kList, nullptr, db::Params().text(tenant));
  std::vector<ApiKeyInfo> keys;
  for (int row = 0; row < rows.size(); ++row) {
    ApiKeyInfo key;
    key.id = rows.int8(row, 0);
    key.name = rows.text(row, 1);
    key.prefix = rows.text(row, 2);
    key.role = rows.text(row, 3);
    key.scopes = scopesOf(rows.text(row, 4));
    key.created_at = rows.timestamp(row, 5);
    key.last_used_at = rows.timestamp(row, 6);
    key.expires_at = rows.timestamp(row, 7);
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<RevokedApiKey> revokeApiKey(db::Connection& connection, std::int64_t id) {
  const auto rows = connection.execute(kRevoke, nullptr, db::Params().int8(id));
  if (!rows.empty()) return RevokedApiKey{std::string(rows.text(0, 0)), std::string(rows.text(0, 1))};
  if (connection.execute(kIsThere, nullptr, db::Params().int8(id)).empty())
    return Error{ErrorKind::kNotFound, "api_key_not_found", "There is no API key " + std::to_string(id) + "."};
  return Error{ErrorKind::kConflict, "api_key_revoked", "API key " + std::to_string(id) + " was revoked before."};
}

}  // namespace patchbay::api
