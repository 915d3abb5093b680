#include "app/status_report.hpp"

#include <numeric>

namespace patchbay::app {
namespace {

Json momentOrNull(std::optional<Timestamp> time) {
  return time && *time != Timestamp{} ? Json(formatRfc3339(*time)) : Json();
}

Json textOrNull(const std::string& text) {
  return text.empty() ? Json() : Json(log::scrub(text));
}

Json noteOrNull(const connectors::ChannelStats::LastError& note) {
  return note.at == Timestamp{} ? Json() : Json{{"at", formatRfc3339(note.at)}, {"text", note.text}};
}

Json queueJson(const metrics::QueueFigures& queue) {
  return {{"pending", queue.pending},
          {"unknown", queue.unknown},
          {"held", queue.held},
          {"oldest_at", momentOrNull(queue.oldest)}};
}

Json channelJson(const ChannelState& channel, const metrics::DatabaseFigures& database) {
  Json json{{"name", channel.name},
            {"connector", channel.connector},
            {"state", !channel.why_off.empty() ? "off"
                      : channel.enabled        ? "enabled"
                                               : "disabled"},
            {"reason", textOrNull(channel.why_off)},
            {"last_inbound_at", Json()},
            {"last_outbound_at", Json()},
            {"last_error", Json()},
            {"last_refused_webhook", Json()},
            {"queue", Json()},
            {"paused_until", momentOrNull(channel.paused_until)},
            {"circuit", channel.circuit_open ? "open" : "closed"},
            {"poll", Json()},
            {"quarantined", Json()}};
  if (channel.stats) {
    json["last_inbound_at"] = momentOrNull(channel.stats->lastInbound());
    json["last_outbound_at"] = momentOrNull(channel.stats->lastOutbound());
    json["last_error"] = noteOrNull(channel.stats->lastError());
    json["last_refused_webhook"] = noteOrNull(channel.stats->lastRefusal());
  }
  if (channel.polls && channel.stats)
    json["poll"] = {{"last_at", momentOrNull(channel.stats->lastPoll())},
                    {"next_at", momentOrNull(channel.stats->nextPoll())},
                    {"failures", channel.stats->pollFailures()}};
  if (database.up) {
    const auto found = database.channels.find({channel.tenant, channel.name});
    const auto figures = found == database.channels.end() ? metrics::QueueFigures{} : found->second;
    json["queue"] = queueJson(figures);
    json["quarantined"] = figures.quarantined;
  }
  return json;
}

std::uint64_t sum(const std::array<std::uint64_t, 4>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

}  // namespace

Json statusReport(const HostState& state) {
  Json reasons = Json::array();
  for (const auto& why : state.not_ready) reasons.push_back(log::scrub(why));
  Json listeners = Json::array();
  for (const auto& one : state.listeners)
    listeners.push_back({{"name", one.name},
                         {"address", one.address},
                         {"port", one.port},
                         {"tls", one.tls},
                         {"certificate_expires_at", momentOrNull(one.certificate_expires_at)}});
  Json tenants = Json::array();
  for (const auto& [slug, name] : state.tenants) {
    Json channels = Json::array();
    for (const auto& channel : state.channels)
      if (channel.tenant == slug) channels.push_back(channelJson(channel, *state.database));
    tenants.push_back({{"slug", slug}, {"name", name}, {"channels", std::move(channels)}});
  }
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(state.now - state.started).count();
  return {{"version", state.version},
          {"started_at", formatRfc3339(state.started)},
          {"uptime_seconds", uptime},
          {"ready", state.not_ready.empty()},
          {"reasons", std::move(reasons)},
          {"listeners", std::move(listeners)},
          {"database",
           {{"kind", state.embedded ? "embedded" : "own"},
            {"up", state.database->up},
            {"size_bytes", state.database->up ? Json(state.database->size_bytes) : Json()}}},
          {"log", {{"lines", sum(state.log.lines)}, {"dropped", sum(state.log.dropped)}}},
          {"tenants", std::move(tenants)}};
}

}  // namespace patchbay::app
