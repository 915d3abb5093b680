#include "app/observer.hpp"

#include "metrics/collectors.hpp"
#include "metrics/process.hpp"

namespace patchbay::app {
namespace {

/// Counting rows costs the database more than anything else on the page; a person who asks wants to know how it is now.
constexpr std::chrono::seconds kScrapedAge{15};
constexpr std::chrono::seconds kAskedAge{1};

std::vector<metrics::ChannelEntry> entriesOf(const std::vector<ChannelState>& channels) {
  std::vector<metrics::ChannelEntry> entries;
  for (const auto& channel : channels)
    entries.push_back(
        {channel.tenant, channel.name, channel.connector, channel.enabled && channel.why_off.empty(), channel.stats});
  return entries;
}

}  // namespace

Observer::Observer(Observed observed)
    : observed_(std::move(observed)), sampler_(*observed_.reads, [this] { return slugs(); }) {
  using metrics::Page;
  add([this](Page& page) { metrics::collectBuild(page, observed_.version); });
  add(metrics::collectProcess);
  add(metrics::collectLog);
  add([this](Page& page) { metrics::collectEdge(page, observed_.server->stats()); });
  add([this](Page& page) {
    metrics::collectRoutes(page, observed_.router->stats().snapshot(), observed_.router->queued());
  });
  add([this](Page& page) { metrics::collectWorkers(page, observed_.router->workerStats()); });
  if (observed_.isolated)
    add([this](Page& page) { metrics::collectIsolation(page, observed_.isolated(), observed_.router->queuedTurns()); });
  if (observed_.authenticator != nullptr)
    add([this](Page& page) {
      const auto issuer = observed_.issuer == nullptr ? std::nullopt : std::optional(observed_.issuer->stats());
      metrics::collectTokens(page, observed_.authenticator->stats(), issuer ? &*issuer : nullptr);
    });
  if (observed_.dispatcher != nullptr)
    add([this](Page& page) {
      metrics::collectDelivery(page, observed_.dispatcher->stats(), entriesOf(observed_.channels()), now());
    });
  add([this](Page& page) { metrics::collectLanes(page, observed_.lanes->stats(), observed_.lanes->times()); });
  add([this](Page& page) { metrics::collectPool(page, observed_.reads->stats()); });
  add([this](Page& page) { metrics::collectChannels(page, entriesOf(observed_.channels())); });
  add([this](Page& page) {
    metrics::collectDatabase(page, *sampler_.figures(kScrapedAge), entriesOf(observed_.channels()), now());
  });
}

std::vector<std::string> Observer::slugs() const {
  std::vector<std::string> slugs;
  for (const auto& [slug, name] : observed_.tenants()) slugs.push_back(slug);
  return slugs;
}

std::string Observer::status() {
  HostState state;
  state.version = observed_.version;
  state.started = started_;
  state.now = now();
  state.not_ready = observed_.readiness().reasons;
  state.listeners = observed_.listeners();
  state.embedded = observed_.embedded;
  state.database = sampler_.figures(kAskedAge);
  state.log = log::stats();
  state.tenants = observed_.tenants();
  state.channels = observed_.channels();
  if (observed_.dispatcher != nullptr)
    for (const auto& trouble : observed_.dispatcher->stats().channels)
      for (auto& channel : state.channels) {
        if (channel.tenant != trouble.tenant || channel.name != trouble.channel) continue;
        channel.paused_until = trouble.paused_until;
        channel.circuit_open = trouble.open;
      }
  return dumpJson(statusReport(state));
}

}  // namespace patchbay::app
