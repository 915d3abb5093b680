#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/reactions.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
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
constexpr Statement kFindMessage{"change.find_message", R"sql(
  SELECT m.id, m.conversation_id FROM {tenant}.pb_message_parts p
  JOIN {tenant}.inbox_messages m ON m.id = p.message_id
  WHERE p.channel_name = $1 AND p.provider_id = $2)sql"};
constexpr Statement kEdit{"change.edit", R"sql(
  UPDATE {tenant}.inbox_messages
  SET content = $2, extra = coalesce(extra, '{}') || jsonb_build_object('edited_at', $3::text) WHERE id = $1)sql"};
constexpr Statement kUnsend{"change.unsend", R"sql(
  UPDATE {tenant}.inbox_messages SET content = NULL, media = '[]', media_url = NULL,
    extra = coalesce(extra, '{}') - 'raw' || jsonb_build_object('deleted_at', $2::text)
  WHERE id = $1)sql"};
constexpr Statement kWatermark{"change.watermark", R"sql(
  SELECT p.provider_id FROM {tenant}.inbox_messages m
  JOIN {tenant}.inbox_conversations v ON v.id = m.conversation_id
  JOIN {tenant}.pb_message_parts p ON p.message_id = m.id
  WHERE v.contact_id = $1 AND v.channel_name = $2
    AND m.direction = 'out' AND m.status <> 'failed' AND m.created_at <= $3
  ORDER BY m.id DESC LIMIT 500)sql"};
constexpr Statement kUnparsed{"change.unparsed", R"sql(
  INSERT INTO {tenant}.pb_quarantine (channel_name, received_at, reason, method, suffix, query, headers, body)
  VALUES ($1, $2, $3, 'EVENT', '', '', '[]', $4))sql"};

/// What makes the event itself. The time is part of it only where the provider gives no id: without a time of the
/// provider's either it is that of the turn, and no second delivery is like the first. The raw text needs neither.
std::string keyOf(const Event& event) {
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

struct Found {
  std::int64_t message_id = 0;
  std::int64_t conversation_id = 0;
};

Found findMessage(db::TenantWrite& write, const Arrival& change) {
  const auto rows =
      write.query(kFindMessage, Params().text(change.channel->settings().name).text(change.event->message_id));
  if (rows.empty()) return {};  // older than our history, or of another system on the same number: nothing to change
  return {rows.int8(0, 0), rows.int8(0, 1)};
}

void messageUpdated(db::TenantWrite& write, const Found& found) {
  write.event("message.updated", {"contact", {}, {}},
              dumpJson(Json{{"conversation_id", found.conversation_id}, {"message_id", found.message_id}}));
}

void ingestReaction(db::TenantWrite& write, const Arrival& change) {
  const Found found = findMessage(write, change);
  if (found.message_id == 0) return;
  std::vector<Address> addresses{change.event->from.address};
  addresses.insert(addresses.end(), change.event->from.aliases.begin(), change.event->from.aliases.end());
  const auto contact = findContact(write, addresses);
  if (!isNews(write, change)) return;
  const std::string who = contact != 0 ? "contact:" + std::to_string(contact) : change.event->from.address.address;
  if (!setReaction(write, found.message_id, who, change.event->emoji)) return;
  write.event(change.event->emoji.empty() ? "reaction.removed" : "reaction.added",
              {"contact", std::to_string(contact), {}},
              dumpJson(Json{{"conversation_id", found.conversation_id},
                            {"message_id", found.message_id},
                            {"emoji", change.event->emoji.empty() ? Json() : Json(change.event->emoji)}}));
}

void ingestEdit(db::TenantWrite& write, const Arrival& change) {
  const Found found = findMessage(write, change);
  if (found.message_id == 0 || !isNews(write, change)) return;
  const std::string at = formatRfc3339(change.event->timestamp);
  if (change.event->kind == EventKind::kEdit)
    write.queue(kEdit, Params().int8(found.message_id).text(change.event->text).text(at));
  else
    write.queue(kUnsend, Params().int8(found.message_id).text(at));
  messageUpdated(write, found);
}

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
  write.event("inbox_channel.health_changed", {"system", {}, {}},
              dumpJson(Json{{"channel_name", channel},
                            {"class", error.error_class},
                            {"code", error.code},
                            {"text", text}}));
}

}  // namespace

bool isNews(db::TenantWrite& write, const Arrival& change) {
  write.queue(kForget, Params().timestamp(write.now() - kSeenFor));
  Params params;
  params.text(change.channel->settings().name).bytes(keyOf(*change.event)).timestamp(write.now());
  return write.query(kSee, std::move(params)).affected() > 0;
}

void ingestChange(db::TenantWrite& write, const Arrival& change) {
  const Event& event = *change.event;
  switch (event.kind) {
    case EventKind::kReaction:
      return ingestReaction(write, change);
    case EventKind::kEdit:
    case EventKind::kDelete:
      return ingestEdit(write, change);
    case EventKind::kContact:
      return ingestContact(write, change);
    case EventKind::kOptOut:
    case EventKind::kOptIn:
      return ingestConsent(write, change);
    case EventKind::kWatermark:
      return ingestWatermark(write, change);
    case EventKind::kUnparsed:
      if (!isNews(write, change)) return;
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
