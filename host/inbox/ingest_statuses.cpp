// Statuses come by the thousand, late, twice and out of order. One batch: one look-up, then what really changes is
// written.
#include <algorithm>
#include <map>
#include <set>

#include "base/uuid.hpp"
#include "delivery/outbox.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/message_changes.hpp"
#include "inbox/outcome.hpp"
#include "inbox/status.hpp"
#include "inbox/status_writer.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Event;
using connectors::EventKind;
using db::Params;
using db::Statement;

// All parts of every message that one of the given provider ids belongs to, found by id, else by our ref.
constexpr Statement kFindStatus{
    "status.find",
    "WITH hit AS (SELECT q.n, coalesce(p.message_id, m.id) AS id "
    "FROM unnest($1::text[], $2::text[], $3::uuid[]) WITH ORDINALITY AS q (channel_name, provider_id, ref, n) "
    "LEFT JOIN {tenant}.pb_message_parts p ON p.channel_name = q.channel_name AND p.provider_id = q.provider_id "
    "LEFT JOIN {tenant}.inbox_messages m ON p.message_id IS NULL AND m.ref = q.ref AND m.channel_name = "
    "q.channel_name) "
    "SELECT h.n, m.id, m.status, m.conversation_id, "
    "EXISTS (SELECT FROM {tenant}.pb_outbox o WHERE o.message_id = m.id), p.provider_id, p.status, m.error "
    "FROM hit h "
    "JOIN {tenant}.inbox_messages m ON m.id = h.id LEFT JOIN {tenant}.pb_message_parts p ON p.message_id = m.id"};

constexpr Statement kPark{
    "status.park",
    "INSERT INTO {tenant}.pb_parked_statuses (channel_name, provider_id, status, ref, error, occurred_at, parked_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"};

constexpr auto kParkedFor = std::chrono::days(7);
// Old ones go with the new ones, a few at a time and more than come, so that no job has to.
constexpr std::size_t kMostDropped = 1000;
constexpr Statement kDropParked{"status.drop_parked", R"sql(
  DELETE FROM {tenant}.pb_parked_statuses WHERE (channel_name, provider_id, status) IN (
    SELECT channel_name, provider_id, status FROM {tenant}.pb_parked_statuses
    WHERE parked_at < $1 ORDER BY parked_at LIMIT $2))sql"};

/// An echo that carries our ref tells the same as a status "sent".
std::string_view providerId(const Event& e) {
  return e.kind == EventKind::kMessage ? e.id : e.message_id;
}
std::string_view statusOf(const Event& e) {
  return e.kind == EventKind::kMessage ? std::string_view("sent") : e.status;
}

void park(db::TenantWrite& write, const Arrival& arrival) {
  const Event& event = *arrival.event;
  Params params;
  params.text(arrival.channel->settings().name).text(event.message_id).text(event.status);
  isUuid(event.ref) ? params.uuid(event.ref) : params.null();
  event.error ? params.jsonb(errorJson(*event.error)) : params.null();
  write.queue(kPark, std::move(params.timestamp(event.timestamp).timestamp(write.now())));
}

/// Applies statuses and echoes to the messages they are about.
/// @return those whose message is not known
std::vector<Arrival> apply(db::TenantWrite& write, const std::vector<Arrival>& statuses) {
  std::vector<std::string> channels, ids, refs;
  for (const auto& arrival : statuses) {
    channels.push_back(arrival.channel->settings().name);
    ids.emplace_back(providerId(*arrival.event));
    refs.push_back(isUuid(arrival.event->ref) ? arrival.event->ref : std::string());
  }
  // flush() sends whatever was queued before (messages of the same batch); ours is the last result.
  const auto rows = write.query(kFindStatus, Params().textArray(channels).textArray(ids).uuidArray(refs));

  std::map<std::int64_t, StatusWriter> messages;
  std::vector<std::int64_t> message_of(statuses.size(), 0);
  std::set<std::int64_t> under_way;                        // messages of which more parts may have to leave
  std::vector<std::pair<std::string, std::string>> named;  // (channel, provider id) of parts that had no name yet
  for (int i = 0; i < rows.size(); ++i) {
    const auto id = rows.int8(i, 1);
    message_of[static_cast<std::size_t>(rows.int8(i, 0) - 1)] = id;
    const auto n = static_cast<std::size_t>(rows.int8(i, 0) - 1);
    auto& message =
        messages.try_emplace(id, id, rows.int8(i, 3), channels[n], std::string(rows.text(i, 2))).first->second;
    if (!rows.isNull(i, 7)) message.knowError(rows.text(i, 7));
    if (rows.boolean(i, 4)) under_way.insert(id);
    if (!rows.isNull(i, 5)) message.knowPart(std::string(rows.text(i, 5)), std::string(rows.text(i, 6)));
  }
  std::vector<Arrival> unmatched;
  for (std::size_t n = 0; n < statuses.size(); ++n) {
    const Event& event = *statuses[n].event;
    if (message_of[n] == 0) {
      unmatched.push_back(statuses[n]);
      continue;
    }
    auto& message = messages.at(message_of[n]);
    // Found by ref: the send's own answer was lost, or is still to come.
    if (!message.hasPart(ids[n])) {
      named.emplace_back(channels[n], ids[n]);
      const auto settled = delivery::settle(write, message_of[n]);
      if (settled != delivery::Settled::kNotYet) under_way.erase(message_of[n]);
      if (settled == delivery::Settled::kPerhaps) message.remarkPerhapsPartial();
    }
    message.apply(ids[n], statusOf(event), event.error);
  }
  for (auto& [id, message] : messages) {
    if (under_way.contains(id)) message.holdBack();
    message.write(write);
  }
  for (const auto& [channel, id] : named) applyParkedChanges(write, channel, id);
  return unmatched;
}

}  // namespace

std::vector<Arrival> ingestEchoes(db::TenantWrite& write, const std::vector<Arrival>& echoes) {
  return apply(write, echoes);
}

void ingestStatuses(db::TenantWrite& write, const std::vector<Arrival>& statuses) {
  const auto unmatched = apply(write, statuses);
  if (unmatched.empty()) return;
  write.queue(kDropParked, Params()
                               .timestamp(write.now() - kParkedFor)
                               .int4(static_cast<std::int32_t>(std::min(2 * unmatched.size(), kMostDropped))));
  for (const auto& status : unmatched) park(write, status);
}

}  // namespace patchbay::inbox
