/// Who is calling, as the token says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/permissions.hpp"

namespace patchbay::api {

/// What a caller may do. Words of tokens are mapped to these by YAML `auth.roles`.
enum class Role {
  kNone,         ///< a word that no rule maps: opens nothing
  kTenantUser,   ///< inbox and chat of its tenant
  kTenantAdmin,  ///< everything in its tenant
  kService,      ///< a neighbour: every tenant
  kSuperAdmin,   ///< a person: every tenant
};

/// "tenant_user", ...; what `auth/test` shows.
std::string_view roleName(Role role);

struct Principal {
  enum class Kind { kUser, kService, kApiKey } kind = Kind::kUser;
  std::string id;           ///< `sub`: a user's UUID or a service's name; of an API key "key:<number>"
  std::string username;     ///< may be empty
  std::string email;        ///< may be empty
  std::string tenant_slug;  ///< where it belongs; empty for those who belong nowhere
  std::string tenant_id;
  Role role = Role::kNone;
  /// What the credential is limited to, wildcards included; nothing: to what its role may. The role stays the ceiling.
  std::optional<std::vector<std::string>> permissions;

  bool entersEveryTenant() const { return role == Role::kSuperAdmin || role == Role::kService; }
  bool allows(std::string_view permission) const { return !permissions || covers(*permissions, permission); }
};

}  // namespace patchbay::api
