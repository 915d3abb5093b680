/// What `GET /status` answers: components.schemas.Status of openapi.yaml.
#pragma once

#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "base/log.hpp"
#include "connectors/channel_stats.hpp"
#include "metrics/database_figures.hpp"

namespace patchbay::app {

struct ListenerState {
  std::string name;     ///< public, internal
  std::string address;  ///< as configured
  std::uint16_t port = 0;
  bool tls = false;
  std::optional<Timestamp> certificate_expires_at;
};

/// A configured channel and what has become of it.
struct ChannelState {
  std::string tenant, name, connector;
  bool enabled = true;
  std::string why_off;                              ///< it could not be started; empty: it was
  std::shared_ptr<connectors::ChannelStats> stats;  ///< may be null
  std::optional<Timestamp> paused_until;            ///< nothing is sent until then
  bool circuit_open = false;                        ///< its server fails, and is left alone for a while
  bool polls = false;                               ///< the host asks the provider for news
};

struct HostState {
  std::string version;
  Timestamp started, now;
  std::vector<std::string> not_ready;  ///< why; empty: ready
  std::vector<ListenerState> listeners;
  bool embedded = true;
  std::shared_ptr<const metrics::DatabaseFigures> database;
  log::Stats log;
  std::vector<std::pair<std::string, std::string>> tenants;  ///< slug and name, in the order of the file
  std::vector<ChannelState> channels;
};

Json statusReport(const HostState& state);

}  // namespace patchbay::app
