#include "metrics/collectors.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "connectors/turn.hpp"

namespace patchbay::metrics {
namespace {

/// tenant and channel, or "other" for those over the limit.
Labels labelsOf(const std::vector<ChannelEntry>& channels, std::size_t index) {
  if (index >= kMaxChannels) return {{"tenant", "other"}, {"channel", "other"}};
  return {{"tenant", channels[index].tenant}, {"channel", channels[index].name}};
}

Labels with(Labels labels, const char* name, std::string_view value) {
  labels.emplace_back(name, value);
  return labels;
}

double seconds(Timestamp::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void collectBuild(Page& page, const std::string& version) {
  page.gauge("patchbay_build_info", "1, with the version of the program.", 1, {{"version", version}});
}

void collectLog(Page& page) {
  constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
  const auto stats = log::stats();
  for (std::size_t i = 0; i < stats.lines.size(); ++i) {
    page.counter("patchbay_log_lines_total", "Lines of the log.", number(stats.lines[i]), {{"level", kLevels[i]}});
    page.counter("patchbay_log_dropped_total", "Lines that were lost because nobody read them as fast as they came.",
                 number(stats.dropped[i]), {{"level", kLevels[i]}});
  }
}

void collectEdge(Page& page, const edge::ServerStats& stats) {
  page.gauge("patchbay_edge_connections", "Open connections of the public listener.", number(stats.connections));
  page.counter("patchbay_edge_connections_total", "Connections that the public listener has accepted.",
               number(stats.accepted));
  page.counter("patchbay_edge_accept_errors_total",
               "Connections that could not be accepted for want of descriptors or memory.",
               number(stats.accept_errors));
  page.counter("patchbay_edge_requests_total", "Requests whose header the public listener has read.",
               number(stats.requests));
  const auto refused = [&](const char* reason, std::uint64_t value) {
    page.counter(
        "patchbay_edge_refused_total",
        "Requests that the public listener refused by itself: framing (400), size (413, 431), busy (503, too many "
        "connections or body bytes), timeout (408, or 503 when no answer came).",
        number(value), {{"reason", reason}});
  };
  refused("framing", stats.refused_framing);
  refused("size", stats.refused_size);
  refused("busy", stats.refused_busy);
  refused("timeout", stats.timed_out);
  const auto timed_out = [&](const char* phase, std::uint64_t value) {
    page.counter("patchbay_edge_timeouts_total",
                 "Deadlines that passed: handshake, header, body (too slow included), handler (no answer), write (the "
                 "client does not take it), idle (nobody used the connection).",
                 number(value), {{"phase", phase}});
  };
  timed_out("handshake", stats.timed_out_handshake);
  timed_out("header", stats.timed_out_header);
  timed_out("body", stats.timed_out_body);
  timed_out("handler", stats.timed_out_handler);
  timed_out("write", stats.timed_out_write);
  timed_out("idle", stats.timed_out_idle);
  page.gauge("patchbay_edge_idle_connections", "Of these, waiting for a request.", number(stats.idle));
  page.counter("patchbay_edge_shed_total", "Connections closed to make room: idle, or too slow when it was full.",
               number(stats.shed));
  page.counter("patchbay_edge_received_bytes_total", "Bytes from clients.", number(stats.bytes_in));
  page.counter("patchbay_edge_sent_bytes_total", "Bytes to clients.", number(stats.bytes_out));
  page.gauge("patchbay_edge_body_bytes", "Bytes of request bodies that are in memory.", number(stats.body_bytes));
  page.gauge("patchbay_edge_body_budget_bytes", "Their limit; over it requests get 503.", number(stats.body_budget));
  if (!stats.tls) return;
  page.counter("patchbay_tls_handshakes_total", "TLS handshakes that were completed.", number(stats.tls_handshakes));
  page.counter("patchbay_tls_failures_total", "TLS handshakes that failed.", number(stats.tls_failures));
  page.counter("patchbay_tls_reloads_total", "Times that a changed certificate was taken, or could not be.",
               number(stats.tls_reloads), {{"outcome", "taken"}});
  page.counter("patchbay_tls_reloads_total", "Times that a changed certificate was taken, or could not be.",
               number(stats.tls_reload_failures), {{"outcome", "refused"}});
  page.gauge("patchbay_tls_certificate_expiry_seconds", "End of the present certificate, in seconds since 1970.",
             static_cast<double>(stats.tls_not_after));
}

void collectWorkers(Page& page, const api::WorkerStats& stats) {
  page.gauge("patchbay_workers", "Threads for requests that wait for the database.", number(stats.threads));
  page.gauge("patchbay_workers_busy", "Of these, at work.", number(stats.running));
  page.counter("patchbay_worker_tasks_total", "Requests that worker threads have answered.", number(stats.done));
  page.counter("patchbay_worker_rejected_total", "Requests that got 503 because too many waited for a worker thread.",
               number(stats.rejected));
}

void collectIsolation(Page& page, const connectors::WorkerStats& stats, std::size_t waiting) {
  page.gauge("patchbay_isolated_up", "Worker processes of isolated channels that live.", number(stats.up));
  page.gauge("patchbay_isolated_off", "Isolated channels that are off for a while after failures in a row.",
             number(stats.off));
  page.gauge("patchbay_isolated_waiting_webhooks", "Webhooks that wait for the worker process of their channel.",
             number(waiting));
  page.counter("patchbay_isolated_starts_total", "Worker processes that were started.", number(stats.starts));
  page.counter("patchbay_isolated_turns_total", "Turns that a worker process has answered.", number(stats.turns));
  const auto failed = [&](const char* reason, std::uint64_t value) {
    page.counter("patchbay_isolated_failures_total",
                 "Turns that a worker process did not answer: it died (crash), took too long (overrun), sent what no "
                 "worker sends (violation), or could not be started (not_started).",
                 number(value), {{"reason", reason}});
  };
  failed("crash", stats.crashes);
  failed("overrun", stats.overruns);
  failed("violation", stats.violations);
  failed("not_started", stats.not_started);
}

void collectTokens(Page& page, const api::AuthStats& stats, const api::JwksStats* issuer) {
  page.counter("patchbay_auth_refused_total", "Requests without a good token (401).", number(stats.refused));
  page.counter("patchbay_auth_unavailable_total", "Requests that could not be judged (503): the issuer is away.",
               number(stats.keys_unavailable));
  page.counter("patchbay_auth_key_lookups_total", "API keys that the database was asked for.",
               number(stats.key_lookups));
  page.gauge("patchbay_auth_remembered", "Credentials in memory.", number(stats.remembered));
  if (issuer == nullptr) return;
  page.counter("patchbay_issuer_fetches_total", "Times that the issuer was asked for its keys.",
               number(issuer->fetched), {{"outcome", "fetched"}});
  page.counter("patchbay_issuer_fetches_total", "Times that the issuer was asked for its keys.", number(issuer->failed),
               {{"outcome", "failed"}});
  page.gauge("patchbay_issuer_keys", "Keys of the issuer that are known.", number(issuer->keys));
}

void collectRoutes(Page& page, const std::vector<api::RouteStats::Route>& routes, std::size_t waiting_for_worker) {
  constexpr const char* kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (const auto& route : routes) {
    const Labels labels{{"route", route.path}, {"method", route.method}};
    for (std::size_t i = 0; i < route.by_class.size(); ++i)
      if (route.by_class[i] > 0)
        page.counter("patchbay_http_requests_total",
                     "Requests by route of openapi.yaml and class of the status; route \"other\": no route took it.",
                     number(route.by_class[i]), with(labels, "status", kClasses[i]));
    if (std::any_of(route.seconds.counts.begin(), route.seconds.counts.end(), [](auto count) { return count > 0; }))
      page.histogram("patchbay_http_request_seconds", "From the end of a request's body to its answer.", route.seconds,
                     labels);
  }
  page.gauge("patchbay_http_waiting_requests", "Requests that wait for a worker thread.", number(waiting_for_worker));
}

void collectLanes(Page& page, const db::LaneStats& stats, const db::LaneTimes& times) {
  page.gauge("patchbay_lane_waiting_jobs", "Writes that wait for a lane.", number(stats.queued));
  page.counter("patchbay_lane_jobs_total", "Writes that have ended.", number(stats.jobs));
  page.counter("patchbay_lane_jobs_refused_total", "Writes that were refused because a lane's queue was full.",
               number(stats.refused));
  page.counter("patchbay_lane_jobs_failed_total", "Writes that the database refused.", number(stats.failed));
  page.counter("patchbay_lane_jobs_unavailable_total", "Writes that were lost because the database was away.",
               number(stats.unavailable));
  page.counter("patchbay_lane_jobs_replayed_total",
               "Writes that were run again alone, because a neighbour was refused.", number(stats.replayed));
  page.counter("patchbay_events_written_total", "Events in the streams of all tenants.", number(stats.events));
  page.histogram("patchbay_lane_batch_jobs", "Writes in one transaction.", times.batch_jobs.snapshot());
  page.histogram("patchbay_lane_batch_seconds", "From a transaction's first statement to the answer to its COMMIT.",
                 times.batch_seconds.snapshot());
  page.histogram("patchbay_lane_commit_seconds", "From sending COMMIT to its answer.", times.commit_seconds.snapshot());
}

void collectPool(Page& page, const db::PoolStats& stats) {
  page.gauge("patchbay_db_pool_size", "Connections for reading that may be open.", number(stats.size));
  page.gauge("patchbay_db_pool_in_use", "Connections for reading that are in use.", number(stats.in_use));
  page.gauge("patchbay_db_pool_waiting", "Who waits for a connection.", number(stats.waiting));
  page.counter("patchbay_db_pool_waits_total", "How often a connection had to be waited for.", number(stats.waits));
  page.counter("patchbay_db_pool_wait_seconds_total", "How long, in all.", stats.waited_seconds);
  page.counter("patchbay_db_pool_refused_total", "How often none was to be had: all busy, or the database away.",
               number(stats.refused));
}

void collectChannels(Page& page, const std::vector<ChannelEntry>& channels) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const Labels labels = labelsOf(channels, i);
    page.gauge("patchbay_channel_running", "1: the channel is enabled and was started.", channels[i].running ? 1 : 0,
               labels);
    if (!channels[i].stats) continue;
    const auto& stats = *channels[i].stats;
    for (std::size_t k = 0; k < stats.webhooks.size(); ++k)
      page.counter("patchbay_webhooks_total", "Webhooks by what became of them.", number(stats.webhooks[k]),
                   with(labels, "outcome", connectors::kWebhookOutcomes[k]));
    const auto inbound = [&](const char* kind, std::uint64_t value) {
      page.counter(
          "patchbay_inbound_events_total",
          "Events of webhooks: messages that were new, repeats of known ones, and others (statuses, reactions).",
          number(value), with(labels, "kind", kind));
    };
    inbound("message", stats.messages);
    inbound("duplicate", stats.duplicates);
    inbound("other", stats.others);
    for (std::size_t k = 0; k < stats.sends.size(); ++k) {
      page.counter("patchbay_sends_total", "Attempts to send a message, by how they ended.", number(stats.sends[k]),
                   with(labels, "outcome", connectors::kSendOutcomes[k]));
      if (connectors::kSendOutcomes[k] == "unknown") continue;  // a file is fetched again
      page.counter("patchbay_media_jobs_total", "Attempts to fetch a file of a message, by how they ended.",
                   number(stats.media[k]), with(labels, "outcome", k == 0 ? "stored" : connectors::kSendOutcomes[k]));
    }
    for (std::size_t k = 0; k < stats.polls.size(); ++k) {
      if (stats.nextPoll() == Timestamp{}) break;  // it is not polled
      page.counter("patchbay_polls_total", "Polls of a provider: with something to store, with nothing new, or failed.",
                   number(stats.polls[k]), with(labels, "outcome", connectors::kPollOutcomes[k]));
    }
    if (const auto last = stats.lastPoll(); last != Timestamp{})
      page.gauge("patchbay_poll_last_success_seconds", "Time of the last poll that went well, in seconds since 1970.",
                 seconds(last.time_since_epoch()), labels);
    for (std::size_t f = 0; f < stats.turns.size(); ++f) {
      const auto& turns = stats.turns[f];
      bool any = false;
      for (std::size_t s = 0; s < turns.statuses.size(); ++s) {
        if (turns.statuses[s] == 0) continue;  // most of ten never happen
        any = true;
        page.counter("patchbay_connector_turns_total", "Calls of a connector by function and status.",
                     number(turns.statuses[s]),
                     with(with(labels, "function", connectors::kTurnFunctions[f]), "status",
                          connectors::statusName(static_cast<std::int32_t>(s))));
      }
      if (any)
        page.histogram("patchbay_connector_turn_seconds", "How long calls of a connector took.",
                       turns.seconds.snapshot(), with(labels, "function", connectors::kTurnFunctions[f]));
    }
  }
}

void collectDatabase(Page& page, const DatabaseFigures& figures, const std::vector<ChannelEntry>& channels,
                     Timestamp now) {
  page.gauge("patchbay_db_up", "1: the database answers.", figures.up ? 1 : 0);
  if (!figures.up) return;
  page.gauge("patchbay_db_size_bytes", "Size of the database.", static_cast<double>(figures.size_bytes));
  double oldest_of_others = 0;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const Labels labels = labelsOf(channels, i);
    const auto found = figures.channels.find({channels[i].tenant, channels[i].name});
    const QueueFigures queue = found == figures.channels.end() ? QueueFigures{} : found->second;
    const auto depth = [&](const char* state, std::int64_t value) {
      page.gauge("patchbay_send_queue_messages",
                 "Messages on their way: pending, unknown (perhaps sent), held (unknown for good).",
                 static_cast<double>(value), with(labels, "state", state));
    };
    depth("pending", queue.pending);
    depth("unknown", queue.unknown);
    depth("held", queue.held);
    page.gauge("patchbay_quarantined_webhooks", "Webhooks that were kept because they could not be read.",
               static_cast<double>(queue.quarantined), labels);
    const double age = queue.oldest ? std::max(0.0, seconds(now - *queue.oldest)) : 0.0;
    // The oldest of many is not their sum.
    const double added = i < kMaxChannels ? age : std::max(0.0, age - oldest_of_others);
    if (i >= kMaxChannels) oldest_of_others += added;
    page.gauge("patchbay_send_queue_oldest_seconds", "Age of the oldest pending message.", added, labels);
  }
}

}  // namespace patchbay::metrics
