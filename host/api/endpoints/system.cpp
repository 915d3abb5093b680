#include "api/endpoints/endpoints.hpp"
#include "base/or_null.hpp"

namespace patchbay::api {
namespace {

constexpr const char* kService = "Communication Service";  // the name that clients of the predecessor check

Json modules() {
  return {{"inbox", "active"}, {"chat", "active"}};
}

Json userJson(const Principal& principal) {
  return {{"id", principal.id},
          {"username", orNull(principal.username)},
          {"role", roleName(principal.role)},
          {"tenant_slug", orNull(principal.tenant_slug)}};
}

http::Response ready(const Readiness& readiness) {
  auto response = jsonResponse(
      readiness.reasons.empty() ? 200 : 503,
      Json{{"status", readiness.reasons.empty() ? "ready" : "not_ready"}, {"reasons", listOf(readiness.reasons)}});
  if (response.status == 503) response.headers.push_back({"Retry-After", "2"});
  return response;
}

}  // namespace

void addSystemEndpoints(Endpoints& table, const Dependencies& dependencies) {
  const Json root = {
      {"service", kService}, {"version", dependencies.version}, {"status", "running"}, {"modules", modules()}};
  const Json health = {{"status", "healthy"}, {"service", kService}, {"modules", modules()}};
  const Json info = {{"service", kService},
                     {"version", dependencies.version},
                     {"description", "Connects customer channels to one shared inbox and a team chat."},
                     {"features",
                      {"multi-tenant inbox", "customer channels as connectors", "durable, ordered delivery",
                       "idempotent requests", "problem details (RFC 9457)"}},
                     {"modules", modules()},
                     {"channels", listOf(dependencies.platforms)},
                     {"api_documentation", "/docs"}};
  // Rendered once: they are asked for often, by probes.
  table["getRoot"] = {immediate([text = dumpJson(root)](const Call&) { return jsonResponse(200, text); })};
  table["getHealth"] = {immediate([text = dumpJson(health)](const Call&) { return jsonResponse(200, text); })};
  table["getInfo"] = {immediate([text = dumpJson(info)](const Call&) { return jsonResponse(200, text); })};
  table["getReady"] = {immediate([check = dependencies.readiness](const Call&) { return ready(check()); })};
  const auto rendered = [](const Render& render, const char* type) -> Run {
    return immediate([render, type](const Call& call) {
      if (!render) return problem(call.request, Problem{404, "not_found", "This host does not have it."});
      return http::Response{200, {{"Content-Type", type}, {"Cache-Control", "no-store"}}, render()};
    });
  };
  table["getMetrics"] = {rendered(dependencies.metrics, "text/plain; version=0.0.4; charset=utf-8")};
  table["getStatus"] = {rendered(dependencies.status, "application/json")};
  table["testToken"] = {immediate([](const Call& call) {
    return jsonResponse(200, Json{{"message", "The token is good."},
                                  {"user", userJson(call.principal)},
                                  {"timestamp", formatRfc3339(now())}});
  })};
  table["testTenantToken"] = {immediate([](const Call& call) {
    return jsonResponse(200, Json{{"message", "The token opens this tenant."},
                                  {"user", userJson(call.principal)},
                                  {"user_tenant", orNull(call.principal.tenant_slug)},
                                  {"requested_tenant", call.tenant},
                                  {"access_granted", true},
                                  {"timestamp", formatRfc3339(now())}});
  })};
}

}  // namespace patchbay::api
