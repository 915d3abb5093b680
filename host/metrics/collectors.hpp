/// The figures of the host's parts as metrics. Each function adds one part to the page; what they are called and mean
/// stands in README.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/authenticator.hpp"
#include "api/route_stats.hpp"
#include "api/worker_pool.hpp"
#include "connectors/channel_stats.hpp"
#include "connectors/instance.hpp"
#include "db/lane.hpp"
#include "db/pool.hpp"
#include "delivery/stats.hpp"
#include "edge/server.hpp"
#include "metrics/database_figures.hpp"
#include "metrics/page.hpp"

namespace patchbay::metrics {

/// So many channels have labels of their own, the first ones; the others are added up under "other".
inline constexpr std::size_t kMaxChannels = 200;

/// A configured channel.
struct ChannelEntry {
  std::string tenant, name, connector;
  bool running = false;                             ///< enabled and started
  std::shared_ptr<connectors::ChannelStats> stats;  ///< null: it could not be started
};

void collectBuild(Page& page, const std::string& version);
void collectLog(Page& page);
void collectEdge(Page& page, const edge::ServerStats& stats);
void collectRoutes(Page& page, const std::vector<api::RouteStats::Route>& routes, std::size_t waiting_for_worker);
void collectWorkers(Page& page, const api::WorkerStats& stats);
/// @param waiting  webhooks that wait for the worker process of their channel
void collectIsolation(Page& page, const connectors::WorkerStats& stats, std::size_t waiting);
/// @param issuer  null: no issuer is configured
void collectTokens(Page& page, const api::AuthStats& stats, const api::JwksStats* issuer);
void collectDelivery(Page& page, const delivery::DeliveryStats& stats, const std::vector<ChannelEntry>& channels,
                     Timestamp now);
void collectLanes(Page& page, const db::LaneStats& stats, const db::LaneTimes& times);
void collectPool(Page& page, const db::PoolStats& stats);
void collectChannels(Page& page, const std::vector<ChannelEntry>& channels);
void collectDatabase(Page& page, const DatabaseFigures& figures, const std::vector<ChannelEntry>& channels,
                     Timestamp now);

}  // namespace patchbay::metrics
