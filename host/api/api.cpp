#include "api/api.hpp"

#include "api/dispatcher.hpp"
#include "api/endpoints/endpoints.hpp"
#include "base/log.hpp"

namespace patchbay::api {
namespace {

/// A good token of a tenant's own user makes the tenant, where the installation wants that.
Dispatcher::TenantState tenantState(tenancy::Tenants& tenants, bool auto_provision) {
  return [&tenants, auto_provision](const std::string& slug, const Principal& asker) {
    if (!tenancy::checkSlug(slug).ok()) return tenancy::TenantState::kUnknown;
    const auto state = tenants.state(slug);
    if (state != tenancy::TenantState::kUnknown || !auto_provision || asker.tenant_slug != slug) return state;
    const auto made = tenants.initialize(asker.tenant_id, slug);
    if (!made.ok()) log::error("api", "tenant not provisioned", {{"tenant", slug}, {"why", made.error().message}});
    return made.ok() ? tenants.state(slug) : state;
  };
}

Endpoints allEndpoints(const Dependencies& dependencies, const Contract& contract, TurnQueues& turns) {
  Endpoints table;
  addSystemEndpoints(table, dependencies);
  addDocumentationEndpoints(table, contract);
  addTenantEndpoints(table, dependencies.tenants);
  addConversationEndpoints(table, dependencies.inbox, dependencies.desk);
  addMessageEndpoints(table, dependencies.inbox, dependencies.desk);
  addSignalEndpoints(table, dependencies);
  addInboxChannelEndpoints(table, dependencies);
  addMediaEndpoints(table, dependencies.read_media, dependencies.read_media_link);
  addWebhookEndpoints(table, dependencies, turns);
  return table;
}

}  // namespace

struct Router::Impl {
  explicit Impl(const Dependencies& dependencies)
      : contract(builtInDocument(), dependencies.platforms),
        dispatcher(contract, dependencies.authenticator, tenantState(dependencies.tenants, dependencies.auto_provision),
                   allEndpoints(dependencies, contract, turns),
                   {.threads = dependencies.worker_threads,
                    .max_queued = dependencies.worker_queue,
                    .max_body = dependencies.max_body,
                    .legacy_errors = dependencies.legacy_errors,
                    .rates = dependencies.rates}) {}

  const Contract contract;
  TurnQueues turns;
  Dispatcher dispatcher;  // last: its threads use what stands above
};

Router::Router(Dependencies dependencies) : impl_(std::make_unique<Impl>(dependencies)) {}
Router::~Router() = default;

http::Limits Router::limits(const http::Request& head, http::Response* refusal, bool* refused) {
  return impl_->dispatcher.limits(head, refusal, refused);
}

void Router::handle(http::Request request, http::Respond respond) {
  impl_->dispatcher.handle(std::move(request), std::move(respond));
}

void Router::stop() {
  impl_->turns.stop();
}

std::size_t Router::queuedTurns() const {
  return impl_->turns.queued();
}

const RouteStats& Router::stats() const {
  return impl_->dispatcher.stats();
}

WorkerStats Router::workerStats() const {
  return impl_->dispatcher.workerStats();
}

std::size_t Router::queued() const {
  return impl_->dispatcher.queued();
}

}  // namespace patchbay::api
