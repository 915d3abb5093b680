/// API keys in the database: patchbay.api_keys.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/authenticator.hpp"
#include "db/pool.hpp"

namespace patchbay::api {

/// For the Authenticator. Keeps `last_used_at` to the minute. @param pool  must outlive the function
FindApiKey findApiKeyIn(db::Pool& pool);

struct ApiKeyRequest {
  std::string tenant;                    ///< slug of a tenant that exists
  std::string name;                      ///< what it is for: 1 to 255 characters
  Role role = Role::kTenantUser;         ///< kTenantUser or kTenantAdmin
  std::vector<std::string> scopes = {};  ///< permissions that it is limited to, known ones; empty: what the role may
  std::optional<Timestamp> expires_at = std::nullopt;
};

/// What may be told of a key; the key itself is kept nowhere.
struct ApiKeyInfo {
  std::int64_t id = 0;
  std::string name, prefix, role;
  std::vector<std::string> scopes;
  std::optional<Timestamp> created_at, last_used_at, expires_at;
};

struct CreatedApiKey {
  std::int64_t id = 0;
  std::string text;  ///< the key, to be shown once
};

struct RevokedApiKey {
  std::string tenant, name;
};

// All of these block. @throws db::Unavailable

/// Makes a key and stores its hash.
/// @return kNotFound when there is no such tenant, kInvalid for another role or a name that is empty or too long.
Result<CreatedApiKey> createApiKey(db::Connection& connection, const ApiKeyRequest& request);

/// Keys of a tenant that have not been revoked, expired ones included, by id. kNotFound when there is no such tenant.
Result<std::vector<ApiKeyInfo>> listApiKeys(db::Connection& connection, const std::string& tenant);

/// From now on no host takes it, save one that has seen it less than kApiKeyMemory ago.
/// @return kNotFound when there is no such key, kConflict when it was revoked before.
Result<RevokedApiKey> revokeApiKey(db::Connection& connection, std::int64_t id);

}  // namespace patchbay::api
