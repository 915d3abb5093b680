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

/// URL before query before header before the token's claim; two that differ are a conflict. The claim of a caller who
/// enters every tenant says where it comes from, not where it goes, so it never conflicts.
///
/// @return the slug as named (it may not exist, or not even be a slug); kBadRequest tenant_conflict or tenant_required;
///         kForbidden with one and the same text for every tenant that the caller may not enter.
Result<std::string> chooseTenant(const TenantSources& sources, const Principal& principal);

}  // namespace patchbay::api
