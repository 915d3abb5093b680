/// API keys in the database: patchbay.api_keys.
#pragma once

#include <optional>
#include <string>

#include "api/authenticator.hpp"
#include "db/pool.hpp"

namespace patchbay::api {

/// For the Authenticator. Keeps `last_used_at` to the minute. @param pool  must outlive the function
FindApiKey findApiKeyIn(db::Pool& pool);

struct ApiKeyRequest {
  std::string tenant;             ///< slug of a tenant that exists
  std::string name;               ///< what it is for
  Role role = Role::kTenantUser;  ///< kTenantUser or kTenantAdmin
  std::optional<Timestamp> expires_at = std::nullopt;
};

/// Makes a key and stores its hash. Blocks. @throws db::Unavailable
/// @return the key's text, which is kept nowhere; kNotFound when there is no such tenant, kInvalid for another role.
Result<std::string> createApiKey(db::Pool& pool, const ApiKeyRequest& request);

}  // namespace patchbay::api
