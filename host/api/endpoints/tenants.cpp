#include "api/endpoints/endpoints.hpp"
#include "base/or_null.hpp"

namespace patchbay::api {
namespace {

Json tenantJson(const tenancy::Tenant& tenant) {
  return {{"slug", tenant.slug},
          {"tenant_id", orNull(tenant.tenant_id)},
          {"name", orNull(tenant.name)},
          {"status", tenant.status},
          {"created_at", tenant.created_at}};
}

http::Response list(const Call& call, tenancy::Tenants& tenants) {
  const auto found = tenants.list(call.query.at("skip"), call.query.at("limit"));
  if (!found.ok()) return problem(call.request, found.error());
  Json all = Json::array();
  for (const auto& tenant : *found) all.push_back(tenantJson(tenant));
  return jsonResponse(200, all);
}

http::Response create(const Call& call, tenancy::Tenants& tenants) {
  const std::string slug = call.body.at("slug");
  auto before = tenancy::checkSlug(slug);
  if (!before.ok()) {
    auto error = before.error();
    error.fields = {{"/slug", error.message}};
    return problem(call.request, error);
  }
  if (tenants.find(slug).ok())
    return problem(call.request,
                   Error{ErrorKind::kConflict, "tenant_exists", "There is a tenant '" + slug + "' already."});
  const auto made = tenants.initialize(call.body.value("tenant_id", ""), slug, call.body.value("name", ""));
  if (!made.ok()) return problem(call.request, made.error());
  const auto tenant = tenants.find(slug);
  if (!tenant.ok()) return problem(call.request, tenant.error());
  return jsonResponse(201, tenantJson(*tenant));
}

/// The predecessor's provisioning call: repeating it changes nothing.
http::Response initialize(const Call& call, tenancy::Tenants& tenants) {
  if (!call.body.is_object() || !call.body.contains("schema_name") ||
      call.body["schema_name"].get_ref<const std::string&>().empty())
    return problem(
        call.request,
        Problem{400, "schema_name_missing", "The body must say schema_name.", {{"/schema_name", "is missing"}}});
  const auto slug = tenancy::slugFromSchemaName(call.body["schema_name"].get_ref<const std::string&>());
  if (!slug.ok()) return problem(call.request, slug.error());
  const auto made = tenants.initialize(call.path.at("tenant_id").get<std::string>(), *slug);
  if (!made.ok()) return problem(call.request, made.error());
  return jsonResponse(200, Json{{"tenant_id", made->tenant_id},
                                {"schema_name", made->schema_name},
                                {"service", "communication"},
                                {"status", made->status},
                                {"tables_created", listOf(made->tables_created)},
                                {"errors", listOf(made->errors)}});
}

}  // namespace

void addTenantEndpoints(Endpoints& table, tenancy::Tenants& tenants) {
  table["listTenants"] = {immediate([&tenants](const Call& call) { return list(call, tenants); })};
  table["createTenant"] = {immediate([&tenants](const Call& call) { return create(call, tenants); })};
  table["initializeTenant"] = {immediate([&tenants](const Call& call) { return initialize(call, tenants); })};
}

}  // namespace patchbay::api
