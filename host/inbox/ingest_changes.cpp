#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/message_changes.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Event;
using connectors::EventKind;
using db::Params;
using db::Statement;

constexpr auto kSeenFor = std::chrono::days(8);  // the longest that a provider delivers again is seven
constexpr Statement kSee{"change.see", R"sql(
  INSERT INTO {tenant}.pb_seen_events (channel_name, event_key, seen_at) VALUES ($1, $2, $3)
  ON CONFLICT DO NOTHING)sql"};
constexpr Statement kForget{"change.forget", R"sql(
  DELETE FROM {tenant}.pb_seen_events WHERE (channel_name, event_key) IN (
    SELECT channel_name, event_key FROM {tenant}.pb_seen_events WHERE seen_at < $1 ORDER BY seen_at LIMIT 5))sql"};
// By the provider's clock where it has told its time: echoes may be stored long after they were sent.
constexpr Statement kWatermark{"change.watermark", R"sql(
  SELECT p.provider_id FROM {tenant}.inbox_messages m
  JOIN {tenant}.inbox_conversations v ON v.id = m.conversation_id
  JOIN {tenant}.pb_message_parts p ON p.message_id = m.id
  WHERE v.contact_id = $1 AND v.channel_name = $2
    AND m.direction = 'out' AND m.status <> 'failed' AND coalesce(m.provider_timestamp, m.created_at) <= $3
  ORDER BY m.id DESC LIMIT 500)sql"};
constexpr Statement kUnparsed{"change.unparsed", R"sql(
  INSERT INTO {tenant}.pb_quarantine (channel_name, received_at, reason, method, suffix, query, headers, body)
  VALUES ($1, $2, $3, 'EVENT', '', '', '[]', $4))sql"};

/// "Everything up to this time has been delivered (or read)": the messages it covers get that status.
void ingestWatermark(db::TenantWrite& write, const Arrival& change) {
  const auto contact = findContact(write, {change.event->contact});
  if (contact == 0) return;
  const auto rows = write.query(
      kWatermark, Params().int8(contact).text(change.channel->settings().name).timestamp(change.event->timestamp));
  std::vector<Event> events;
  for (int i = 0; i < rows.size(); ++i) {
    Event status;
    status.kind = EventKind::kStatus;
    status.message_id = rows.text(i, 0);
    status.status = change.event->status;
    status.timestamp = change.event->timestamp;
    events.push_back(std::move(status));
  }
  std::vector<Arrival> statuses;
  for (const auto& event : events) statuses.push_back({change.channel, &event});
  if (!statuses.empty()) ingestStatuses(write, statuses);
}

/// The provider speaks of the channel itself: its number, its account, its templates.
void ingestNotice(db::TenantWrite& write, const Arrival& change) {
  if (!isNews(write, change)) return;
  const connectors::EventError error = change.event->error.value_or(connectors::EventError{});
  const std::string channel = change.channel->settings().name;
  const std::string text = change.event->text.empty() ? error.text : change.event->text;
  log::warn("inbox", "provider reports on the channel itself",
            {{"tenant", write.slug()}, {"channel", channel}, {"code", error.code}, {"text", text}});
  write.event(
      "inbox_channel.health_changed", {"system", {}, {}},
      dumpJson(Json{{"channel_name", channel}, {"class", error.error_class}, {"code", error.code}, {"text", text}}));
}

}  // namespace

std::string eventKey(const Event& event) {
  Json parts{connectors::kindName(event.kind),
             event.id,
             event.message_id,
             event.from.address.kind,
             event.from.address.address,
             event.emoji,
             event.text,
             event.status,
             event.contact.kind,
             event.raw,
             event.contact.address};
  if (event.id.empty() && event.raw.empty()) parts.push_back(formatRfc3339(event.timestamp));
  return crypto::digest(crypto::Hash::kSha256, dumpJson(parts));
}

bool isNews(db::TenantWrite& write, const std::string& channel_name, const Event& event) {
  write.queue(kForget, Params().timestamp(write.now() - kSeenFor));
  return write.query(kSee, Params().text(channel_name).bytes(eventKey(event)).timestamp(write.now())).affected() > 0;
}

bool isNews(db::TenantWrite& write, const Arrival& change) {
  return isNews(write, change.channel->settings().name, *change.event);
}

void ingestChange(db::TenantWrite& write, const Arrival& change) {
  const Event& event = *change.event;
  switch (event.kind) {
    case EventKind::kReaction:
    case EventKind::kEdit:
    case EventKind::kDelete:
      return ingestMessageChange(write, change);
    case EventKind::kContact:
      return ingestContact(write, change);
    case EventKind::kOptOut:
    case EventKind::kOptIn:
      return ingestConsent(write, change);
    case EventKind::kThread:
      return ingestThread(write, change);
    case EventKind::kWatermark:
      return ingestWatermark(write, change);
    case EventKind::kUnparsed:
      if (!isNews(write, change)) return;
      log::warn("inbox", "an item of a webhook could not be understood, it is kept in quarantine",
                {{"tenant", write.slug()}, {"channel", change.channel->settings().name}, {"reason", event.why}});
      return write.queue(kUnparsed, Params()
                                        .text(change.channel->settings().name)
                                        .timestamp(write.now())
                                        .text("unparsed: " + event.why)
                                        .bytes(event.raw));
    case EventKind::kAccount:
      return ingestNotice(write, change);
    case EventKind::kTyping:  // never stored
    case EventKind::kMessage:
    case EventKind::kStatus:
      return;
  }
}

}  // namespace patchbay::inbox
