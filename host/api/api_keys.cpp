#include "api/api_keys.hpp"

#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr db::Statement kFind{
    "api_key.find",
    "SELECT id, tenant, name, role, expires_at, last_used_at IS NULL OR last_used_at < now() - interval '1 minute' "
    "FROM patchbay.api_keys WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"};
constexpr db::Statement kUsed{"api_key.used", "UPDATE patchbay.api_keys SET last_used_at = now() WHERE id = $1"};
constexpr db::Statement kInsert{"api_key.insert",
                                "INSERT INTO patchbay.api_keys (tenant, name, key_hash, key_prefix, role, expires_at) "
                                "SELECT slug, $2, $3, $4, $5, $6 FROM patchbay.tenants WHERE slug = $1 RETURNING id"};

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
    if (rows.boolean(0, 5)) connection->execute(kUsed, nullptr, db::Params().int8(key.id));
    return key;
  };
}

Result<std::string> createApiKey(db::Pool& pool, const ApiKeyRequest& request) {
  if (request.role != Role::kTenantUser && request.role != Role::kTenantAdmin)
    return Error{ErrorKind::kInvalid, "invalid_role", "The role of an API key must be tenant_user or tenant_admin."};
  const auto key = newApiKey();
  db::Params params;
  params.text(request.tenant).text(cleanText(request.name)).bytes(key.hash).text(key.prefix);
  params.text(roleName(request.role)).optionalTimestamp(request.expires_at);
  if (pool.lease()->execute(kInsert, nullptr, std::move(params)).empty())
    return Error{ErrorKind::kNotFound, "tenant_not_found", "There is no tenant '" + request.tenant + "'."};
  return key.text;
}

}  // namespace patchbay::api
