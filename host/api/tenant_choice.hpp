/// Which tenant a request is about, and whether the caller may enter it. Pure: needs no database.
#pragma once

#include <optional>
#include <string>

#include "api/principal.hpp"
#include "base/result.hpp"

namespace patchbay::api {

/// Where a request names its tenant.
struct TenantSources {
  std::optional<std::string> url;     ///< /api/v1/tenants/{tenant_slug}/...
  std::optional<std::string> query;   ///< ?tenant_slug=
  std::optional<std::string> header;  ///< X-Tenant-Slug
};

/// URL before query before header before the token's claim; two that differ are a conflict. Beside a URL the claim does
/// not count: the tenant is then part of the thing's name, and a foreign one is forbidden, not contradictory.
///
/// @return the slug as named (it may not exist, or not even be a slug); kBadRequest tenant_conflict or tenant_required;
///         kForbidden with one and the same text for every tenant that the caller may not enter.
Result<std::string> chooseTenant(const TenantSources& sources, const Principal& principal);

/// The one refusal for a tenant that the caller may not enter, or that is not there.
Error tenantForbidden();

}  // namespace patchbay::api
