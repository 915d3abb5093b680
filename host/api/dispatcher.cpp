#include "api/dispatcher.hpp"

#include <algorithm>

#include "api/input.hpp"
#include "api/legacy_errors.hpp"
#include "api/outgoing.hpp"
#include "api/problem.hpp"
#include "api/tenant_choice.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "db/connection.hpp"

namespace patchbay::api {
namespace {

/// Methods that a route answers, for Allow.
std::string allowed(const Route& route) {
  std::string text;
  for (const auto& [method, operation] : route.methods) text += method + ", " + (method == "GET" ? "HEAD, " : "");
  return text + "OPTIONS";
}

http::Response busy(const http::Request& request) {
  return problem(
      request,
      Problem{503, "overloaded", "Too many requests are waiting; try again shortly.", {}, {{"Retry-After", "1"}}});
}

/// Media type without parameters, lower case.
std::string mediaType(const http::Request& request) {
  const auto value = request.header("Content-Type");
  return lowerAscii(trim(value.substr(0, value.find(';'))));
}

bool isJson(const std::string& media) {
  return media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"));
}

constexpr const char* kUnknownHere = "is not known here (Prefer: handling=strict)";

/// RFC 6750, 3.1.
http::Response permissionRequired(const http::Request& request, const std::string& permission) {
  return problem(request,
                 Problem{403,
                         "permission_required",
                         "The token is limited to permissions, and this needs " + permission + ".",
                         {},
                         {{"WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"" + permission + "\""}}});
}

/// Operations whose tenant the request may name beside the token.
bool choosesTenant(const Operation& operation) {
  return operation.auth == AuthRule::kTenant || operation.auth == AuthRule::kTenantAdmin;
}

}  // namespace

struct Dispatcher::Target {
  RouteMatch match;
  const Operation* operation = nullptr;
  const Endpoint* endpoint = nullptr;
  std::shared_ptr<Outgoing> outgoing;  // from handle() on
};

struct Dispatcher::Admission {
  Principal principal;
  std::string tenant;
};

Dispatcher::Dispatcher(const Contract& contract, Authenticator& authenticator, TenantState tenant_state,
                       Endpoints endpoints, DispatcherOptions options)
    : routes_(contract),
      authenticator_(authenticator),
      tenant_state_(std::move(tenant_state)),
      endpoints_(std::move(endpoints)),
      options_(options),
      rates_(options.rates),
      stats_(contract),
      workers_(options.threads, options.max_queued) {
  std::string missing, unknown;
  for (const auto& operation : contract.operations())
    if (!endpoints_.contains(operation.id)) missing += " " + operation.id;
  for (const auto& [id, endpoint] : endpoints_)
    if (std::none_of(contract.operations().begin(), contract.operations().end(),
                     [&id = id](const Operation& operation) { return operation.id == id; }))
      unknown += " " + id;
  for (const auto& operation : contract.operations())
    if (const auto found = endpoints_.find(operation.id);
        found != endpoints_.end() && operation.own_limits != (found->second.gate != nullptr))
      throw ContractError(operation.id + ": an endpoint with a gate and x-patchbay-limits: webhook go together");
  if (!missing.empty()) throw ContractError("openapi.yaml has operations that nothing answers:" + missing);
  if (!unknown.empty()) throw ContractError("endpoints that openapi.yaml does not know:" + unknown);
}

Dispatcher::Target Dispatcher::route(const http::Request& request, std::optional<http::Response>& refusal) const {
  Target target;
  if (request.method == "OPTIONS" && request.path == "*") {  // about the server as a whole (RFC 9110, 9.3.7)
    refusal = http::Response{204, {{"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}}, {}};
    return target;
  }
  target.match = routes_.find(request.path);
  if (target.match.kind == RouteMatch::Kind::kMalformed) {
    refusal = problem(request, Problem{400, "invalid_path",
                                       "The path has a percent escape that is broken or stands for '/' or NUL."});
    return target;
  }
  const auto not_found = [&] {
    refusal = problem(request,
                      Problem{404, "not_found", "There is nothing at this path; /openapi.json lists what there is."});
    return target;
  };
  if (target.match.kind == RouteMatch::Kind::kNotFound) return not_found();
  const auto& methods = target.match.route->methods;
  const bool internal = request.listener == http::Listener::kInternal;
  const auto here = [&](const Operation* operation) {
    return internal ? operation->on_internal : operation->on_public;
  };
  if (std::none_of(methods.begin(), methods.end(), [&](const auto& entry) { return here(entry.second); }))
    return not_found();
  if (request.method == "OPTIONS") {
    refusal = http::Response{204, {{"Allow", allowed(*target.match.route)}}, {}};
    return target;
  }
  const auto found =
      methods.find(request.method == "HEAD" ? std::string_view{"GET"} : std::string_view{request.method});
  if (found == methods.end() || !here(found->second)) {
    const auto allow = allowed(*target.match.route);
    refusal =
        problem(request, Problem{405, "method_not_allowed", "This path takes: " + allow + ".", {}, {{"Allow", allow}}});
    return target;
  }
  target.operation = found->second;
  target.endpoint = &endpoints_.find(target.operation->id)->second;
  return target;
}

std::optional<http::Response> Dispatcher::authorise(const http::Request& request, const Target& target,
                                                    Admission& admission) const {
  const auto& operation = *target.operation;
  const auto forbidden = [&](const char* code, const char* why) { return problem(request, Problem{403, code, why}); };
  if (choosesTenant(operation)) {
    TenantSources sources;
    if (const auto* slug = target.match.value("tenant_slug")) sources.url = *slug;
    sources.query = queryValue(request.query, "tenant_slug");
    if (const auto header = request.header("X-Tenant-Slug"); !header.empty())
      sources.header = std::string{trim(header)};
    auto tenant = chooseTenant(sources, admission.principal);
    if (!tenant.ok()) return problem(request, tenant.error());
    admission.tenant = std::move(*tenant);
  }
  const auto role = admission.principal.role;
  if (operation.auth != AuthRule::kToken && role == Role::kNone)
    return forbidden("role_unknown", "The role in the token opens nothing here (YAML auth.roles maps roles).");
  if (operation.auth == AuthRule::kTenantAdmin && role == Role::kTenantUser)
    return forbidden("role_required", "This needs the role tenant_admin.");
  if (operation.auth == AuthRule::kOperator && !admission.principal.entersEveryTenant())
    return forbidden("role_required", "This needs the role super_admin or a service's token.");
  if (!operation.permission.empty() && !admission.principal.allows(operation.permission))
    return permissionRequired(request, operation.permission);
  return std::nullopt;
}

std::optional<Dispatcher::Admission> Dispatcher::admit(const http::Request& request, const Target& target,
                                                       bool may_block, std::optional<http::Response>& refusal) {
  const auto& operation = *target.operation;
  const bool open = operation.auth == AuthRule::kPublic || operation.auth == AuthRule::kWebhook ||
                    (operation.open_internally && request.listener == http::Listener::kInternal);
  Admission admission;
  if (open) return admission;
  if (std::count_if(request.headers.begin(), request.headers.end(),
                    [](const http::Header& header) { return equalsIgnoreCase(header.name, "Authorization"); }) > 1) {
    refusal = problem(request, Problem{400,
                                       "authorization_ambiguous",
                                       "The request has two Authorization headers.",
                                       {},
                                       {{"WWW-Authenticate", "Bearer error=\"invalid_request\""}}});
    return std::nullopt;
  }
  const auto time = now();
  auto principal = authenticator_.authenticateFast(request.header("Authorization"), time);
  if (!principal) {
    if (!may_block) return std::nullopt;
    principal = authenticator_.authenticate(request.header("Authorization"), time);
  }
  if (!principal->ok()) {
    refusal = problem(request, principal->error());
    return std::nullopt;
  }
  admission.principal = std::move(principal->value());
  refusal = authorise(request, target, admission);
  if (refusal || !may_block || admission.tenant.empty()) return admission;
  const auto state = tenant_state_(admission.tenant, admission.principal);
  // Only who may enter every tenant learns which there are.
  if (state == tenancy::TenantState::kUnknown && !admission.principal.entersEveryTenant())
    refusal = problem(request, tenantForbidden());
  else if (state == tenancy::TenantState::kUnknown)
    refusal = problem(request, Problem{404, "tenant_not_found", "There is no such tenant."});
  else if (state == tenancy::TenantState::kSuspended && !admission.principal.entersEveryTenant())
    refusal = problem(request, Problem{403, "tenant_suspended", "The tenant is suspended."});
  return admission;
}

http::Limits Dispatcher::limits(const http::Request& head, http::Response* refusal, bool* refused) {
  http::Limits limits;
  limits.max_body = options_.max_body;
  std::optional<http::Response> no;
  const auto target = route(head, no);
  if (!no) admit(head, target, false, no);
  if (!no && target.endpoint->gate) no = target.endpoint->gate(head, target.match.values, limits);
  *refused = no.has_value();
  if (no) {
    stats_.count(target.operation, no->status);
    *refusal = std::move(*no);
  }
  if (no && options_.legacy_errors) toLegacyError(*refusal);
  if (no && target.match.route != nullptr) refusal->route = target.match.route->pattern;
  return limits;
}

void Dispatcher::handle(http::Request request, http::Respond respond) {
  if (options_.legacy_errors)
    respond = [respond = std::move(respond)](http::Response response) {
      toLegacyError(response);
      respond(std::move(response));
    };
  perform(std::move(request), std::move(respond));
}

void Dispatcher::perform(http::Request request, http::Respond respond) {
  std::optional<http::Response> refusal;
  auto target = route(request, refusal);
  respond = [&stats = stats_, operation = target.operation, began = std::chrono::steady_clock::now(),
             respond = std::move(respond)](http::Response response) {
    stats.count(operation, response.status);
    if (operation != nullptr) stats.observe(operation, std::chrono::steady_clock::now() - began);
    respond(std::move(response));
  };
  if (refusal) return respond(std::move(*refusal));
  target.outgoing = std::make_shared<Outgoing>(request, target.match.route->pattern, target.operation->method == "GET");
  respond = Outgoing::before(target.outgoing, std::move(respond));
  const auto runs = target.operation->runs;
  const auto& heavy = target.endpoint->heavy;
  const bool light = request.body.size() <= options_.max_inline_body && !(heavy && heavy(target.match.values));
  if (runs == Runs::kInline || (runs == Runs::kBySize && light))
    return guarded(std::move(request), target, std::move(respond));
  // Shared, because a task is copied into the queue and the request may be megabytes.
  auto held = std::make_shared<http::Request>(std::move(request));
  const bool queued = workers_.submit([this, held, target, respond] {
    // Nobody waits any more: the edge has answered by itself.
    if (std::chrono::steady_clock::now() >= held->deadline) return respond(busy(*held));
    guarded(std::move(*held), target, respond);
  });
  if (!queued) respond(busy(*held));
}

void Dispatcher::guarded(http::Request request, const Target& target, http::Respond respond) {
  // What a refusal in a catch clause needs of a request that may have been moved on.
  http::Request outline;
  outline.path = request.path;
  outline.id = request.id;
  const log::Scope scope({.request_id = outline.id});
  try {
    run(std::move(request), target, respond);
  } catch (const db::Unavailable& error) {
    log::warn("api", "database unavailable", {{"why", error.what()}});
    respond(problem(
        outline, Error{ErrorKind::kUnavailable, "database_unavailable", "The database cannot be reached; try again."}));
  } catch (const std::exception& error) {
    respond(problem(outline, Error{ErrorKind::kUnavailable, "internal", error.what()}));
  }
}

std::optional<http::Response> Dispatcher::limitRate(const http::Request& request, const Target& target,
                                                    const Admission& admission) {
  const auto& operation = *target.operation;
  // Neighbours are trusted, and so is whoever looks whether the host lives.
  if (request.listener == http::Listener::kInternal) return std::nullopt;
  if (operation.auth == AuthRule::kPublic && operation.on_internal) return std::nullopt;
  auto of = operation.method == "GET" ? RateClass::kRead : RateClass::kWrite;
  std::string caller = admission.tenant + " " + admission.principal.id;
  if (operation.auth == AuthRule::kPublic) {
    of = RateClass::kPublic;
    caller = request.peer;
  } else if (operation.auth == AuthRule::kWebhook) {
    of = RateClass::kWebhook;
    caller.clear();
    // Tenant and channel; what follows in the path is the provider's.
    for (std::size_t i = 0; i < std::min<std::size_t>(2, target.match.values.size()); ++i)
      caller += target.match.values[i] + "/";
  }
  const auto state = rates_.take(of, caller, RateLimits::Clock::now());
  if (!state) return std::nullopt;
  target.outgoing->setRate(*state);
  if (state->allowed) return std::nullopt;
  return problem(request, Problem{429,
                                  "rate_limited",
                                  "Too many requests in a while; RateLimit-Policy says how many there may be.",
                                  {},
                                  {{"Retry-After", std::to_string(state->reset.count())}}});
}

void Dispatcher::run(http::Request request, const Target& target, http::Respond respond) {
  const auto& operation = *target.operation;
  std::optional<http::Response> refusal;
  auto admission = admit(request, target, operation.runs != Runs::kInline, refusal);
  if (refusal) return respond(std::move(*refusal));
  if (!admission) throw std::logic_error(operation.id + " runs inline and needs a token");
  if (auto limited = limitRate(request, target, *admission)) return respond(std::move(*limited));

  const std::string tenant = admission->tenant;
  const log::Scope scope({.tenant = tenant});
  Call call;
  call.operation = &operation;
  call.principal = std::move(admission->principal);
  call.tenant = std::move(admission->tenant);
  const auto* slug = target.match.value("tenant_slug");
  target.outgoing->setTenant(slug != nullptr ? *slug : call.tenant);
  call.prefix = target.match.route->mount;
  if (const auto at = call.prefix.find("{tenant_slug}"); at != std::string::npos)
    call.prefix.replace(at, std::string_view{"{tenant_slug}"}.size(), percentEncode(call.tenant));

  std::vector<FieldError> errors;
  std::vector<std::string> unknown_parameters, unknown_members;
  call.path = readPath(operation, target.match.route->names, target.match.values, errors);
  const bool thing_is_named = errors.empty();
  if (operation.auth != AuthRule::kWebhook) {
    call.query = readQuery(operation, request.query, unknown_parameters, errors);
    call.headers = readHeaders(operation, request.headers, errors);
  }
  if (operation.body) {
    const auto media = mediaType(request);
    // Clients of the predecessor leave the type out; a page in a browser may, too, where no token keeps it away.
    const bool unsaid = media.empty() && request.listener == http::Listener::kPublic;
    if (!request.body.empty() && !unsaid && !isJson(media))
      return respond(problem(
          request, Problem{415, "unsupported_media_type", "The body must be JSON: Content-Type: application/json."}));
    auto body = readBody(operation, request, unknown_members, errors);
    if (!body.ok() && body.error().kind == ErrorKind::kBadRequest) return respond(problem(request, body.error()));
    if (!body.ok())
      errors.insert(errors.end(), body.error().fields.begin(), body.error().fields.end());
    else
      call.body = std::move(*body);
  }
  if (wantsStrict(request)) {
    respond = [respond](http::Response response) {
      response.headers.push_back({"Preference-Applied", "handling=strict"});
      respond(std::move(response));
    };
    const auto refuse = [&errors](const char* place, const std::vector<std::string>& names) {
      for (std::size_t i = 0; i < names.size() && errors.size() < kMaxNamed; ++i)
        errors.push_back({place + names[i], kUnknownHere});
    };
    refuse("query:", unknown_parameters);
    refuse("/", unknown_members);
  }
  if (!errors.empty()) {
    if (thing_is_named && target.endpoint->exists)
      if (const auto thing = target.endpoint->exists(call); !thing.ok())
        return respond(problem(request, thing.error()));
    return respond(problem(
        request, Problem{422, "validation_failed", "The request does not fit the API's description; errors says why.",
                         std::move(errors)}));
  }

  Answer answer = std::move(respond);
  std::move(unknown_members.begin(), unknown_members.end(), std::back_inserter(unknown_parameters));
  if (!unknown_parameters.empty())
    answer = [text = ignoredHeader(std::move(unknown_parameters)), answer](http::Response response) {
      response.headers.push_back({"Patchbay-Ignored", text});
      answer(std::move(response));
    };
  call.request = std::move(request);
  target.endpoint->run(std::move(call), std::move(answer));
}

}  // namespace patchbay::api
