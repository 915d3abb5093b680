#include "api/tenant_choice.hpp"

namespace patchbay::api {

Result<std::string> chooseTenant(const TenantSources& sources, const Principal& principal) {
  std::optional<std::string> chosen;
  bool conflict = false;
  for (const auto* source : {&sources.url, &sources.query, &sources.header}) {
    if (!*source || (*source)->empty()) continue;
    if (!chosen) chosen = *source;
    conflict = conflict || *chosen != **source;
  }
  const auto& own = principal.tenant_slug;
  if (chosen && !sources.url && !own.empty()) conflict = conflict || *chosen != own;
  if (conflict)
    return Error{
        ErrorKind::kBadRequest, "tenant_conflict",
        "The request names two different tenants (URL, query tenant_slug, header X-Tenant-Slug, token): name one."};
  if (!chosen && !own.empty()) chosen = own;
  if (!chosen) {
    if (!principal.entersEveryTenant())
      return Error{ErrorKind::kForbidden, "tenant_forbidden", "The token belongs to no tenant and may not enter any."};
    return Error{ErrorKind::kBadRequest, "tenant_required",
                 "Name the tenant: query tenant_slug, header X-Tenant-Slug, or /api/v1/tenants/{tenant_slug}/..."};
  }
  if (!principal.entersEveryTenant() && *chosen != own) return tenantForbidden();
  return *chosen;
}

Error tenantForbidden() {
  return {ErrorKind::kForbidden, "tenant_forbidden", "The token does not open this tenant."};
}

}  // namespace patchbay::api
