/// What a running host tells of itself: the page for Prometheus and the document for `patchbay status`.
#pragma once

#include <functional>
#include <string>

#include "api/api.hpp"
#include "app/status_report.hpp"
#include "delivery/dispatcher.hpp"
#include "edge/server.hpp"
#include "metrics/page.hpp"

namespace patchbay::app {

/// The parts that are looked at; they outlive the observer.
struct Observed {
  std::string version;
  bool embedded = true;  ///< the database is our own cluster
  std::function<std::vector<ListenerState>()> listeners;
  const edge::Server* server = nullptr;
  const api::Router* router = nullptr;
  const db::Lanes* lanes = nullptr;
  db::Pool* reads = nullptr;
  const delivery::Dispatcher* dispatcher = nullptr;   ///< null: nothing is sent here
  const api::Authenticator* authenticator = nullptr;  ///< null: its figures are left out
  const api::Jwks* issuer = nullptr;                  ///< null: none is configured
  std::function<api::Readiness()> readiness;
  /// The tenants of the configuration (slug and name), and their channels. Any thread.
  std::function<std::vector<std::pair<std::string, std::string>>()> tenants;
  std::function<std::vector<ChannelState>()> channels;
  std::function<connectors::WorkerStats()> isolated = {};  ///< of all channels with a worker process; may be empty
};

/// Thread-safe; blocks on the database for a second or two at most.
class Observer {
 public:
  explicit Observer(Observed observed);

  std::string metrics() const { return registry_.text(); }
  std::string status();
  /// More figures for the page; only before the first metrics().
  void add(metrics::Registry::Collect collect) { registry_.add(std::move(collect)); }

 private:
  std::vector<std::string> slugs() const;

  const Observed observed_;
  const Timestamp started_ = now();
  metrics::DatabaseSampler sampler_;
  metrics::Registry registry_;
};

}  // namespace patchbay::app
