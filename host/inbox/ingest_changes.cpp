#include "base/log.hpp"
#include "base/text.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/status.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
using connectors::Event;
using connectors::EventKind;
using db::Params;
using db::Statement;

constexpr Statement kFindContact{
    "change.find_contact",
    "SELECT a.contact_id, c.name FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q (kind, address, n) "
    "JOIN {tenant}.pb_contact_addresses a USING (kind, address) JOIN {tenant}.pb_contacts c ON c.id = a.contact_id "
    "ORDER BY q.n LIMIT 1"};
constexpr Statement kAddAddress{
    "change.add_address",
    "INSERT INTO {tenant}.pb_contact_addresses (kind, address, contact_id, created_at) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT DO NOTHING"};
constexpr Statement kRename{"change.rename",
                            "UPDATE {tenant}.pb_contacts SET name = $2, updated_at = $3 WHERE id = $1"};
constexpr Statement kOptOut{"change.opt_out",
                            "UPDATE {tenant}.pb_contacts SET opted_out_at = $2, updated_at = $3 WHERE id = $1"};
constexpr Statement kFindMessage{"change.find_message",
                                 "SELECT m.id, m.conversation_id FROM {tenant}.pb_message_parts p JOIN "
                                 "{tenant}.inbox_messages m ON m.id = p.message_id "
                                 "WHERE p.channel_name = $1 AND p.provider_id = $2"};
// Reactions are {emoji: [who, ...]}; one person has at most one emoji on a message.
constexpr Statement kReact{
    "change.react",
    "UPDATE {tenant}.inbox_messages SET reactions = ("
    "SELECT coalesce(jsonb_object_agg(emoji, people), '{}') FROM ("
    "SELECT emoji, jsonb_agg(person) AS people FROM ("
    "SELECT e.key AS emoji, p.value AS person FROM jsonb_each(reactions) e, jsonb_array_elements_text(e.value) p "
    "WHERE p.value <> $2 UNION ALL SELECT $3, $2 WHERE $3 <> '') kept GROUP BY emoji) grouped) WHERE id = $1"};
constexpr Statement kEdit{"change.edit",
                          "UPDATE {tenant}.inbox_messages SET content = $2, "
                          "extra = coalesce(extra, '{}') || jsonb_build_object('edited_at', $3::text) WHERE id = $1"};
constexpr Statement kUnsend{
    "change.unsend",
    "UPDATE {tenant}.inbox_messages SET content = NULL, media = '[]', media_url = NULL, "
    "extra = coalesce(extra, '{}') || jsonb_build_object('deleted_at', $2::text) WHERE id = $1"};
constexpr Statement kWatermark{
    "change.watermark",
    "SELECT p.provider_id FROM {tenant}.inbox_messages m JOIN {tenant}.inbox_conversations v ON v.id = "
    "m.conversation_id "
    "JOIN {tenant}.pb_message_parts p ON p.message_id = m.id WHERE v.contact_id = $1 AND v.channel_name = $2 "
    "AND m.direction = 'out' AND m.status <> 'failed' AND m.created_at <= $3 ORDER BY m.id DESC LIMIT 500"};
constexpr Statement kUnparsed{
    "change.unparsed",
    "INSERT INTO {tenant}.pb_quarantine (channel_name, received_at, reason, method, suffix, query, headers, body) "
    "VALUES ($1, $2, $3, 'EVENT', '', '', '[]', $4)"};

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
  const std::string who = contact != 0 ? "contact:" + std::to_string(contact) : change.event->from.address.address;
  write.queue(kReact, Params().int8(found.message_id).text(who).text(change.event->emoji));
  write.event(change.event->emoji.empty() ? "reaction.removed" : "reaction.added",
              {"contact", std::to_string(contact), {}},
              dumpJson(Json{{"conversation_id", found.conversation_id},
                            {"message_id", found.message_id},
                            {"emoji", change.event->emoji.empty() ? Json() : Json(change.event->emoji)}}));
}

void ingestEdit(db::TenantWrite& write, const Arrival& change) {
  const Found found = findMessage(write, change);
  if (found.message_id == 0) return;
  const std::string at = formatRfc3339(change.event->timestamp);
  if (change.event->kind == EventKind::kEdit)
    write.queue(kEdit, Params().int8(found.message_id).text(change.event->text).text(at));
  else
    write.queue(kUnsend, Params().int8(found.message_id).text(at));
  messageUpdated(write, found);
}

/// A profile or an address changed: new addresses join the contact that an old one belongs to.
void ingestContact(db::TenantWrite& write, const Arrival& change) {
  const Event& event = *change.event;
  std::vector<Address> addresses;
  if (!event.contact.address.empty()) addresses.push_back(event.contact);
  if (!event.from.address.address.empty()) addresses.push_back(event.from.address);
  addresses.insert(addresses.end(), event.from.aliases.begin(), event.from.aliases.end());
  const auto contact = findContact(write, addresses);
  if (contact == 0) return;  // nobody we know; their first message will bring the address
  for (const auto& address : addresses)
    write.queue(kAddAddress, Params().text(address.kind).text(address.address).int8(contact).timestamp(write.now()));
  if (!event.from.name.empty())
    write.queue(kRename, Params().int8(contact).text(firstCodePoints(event.from.name, 255)).timestamp(write.now()));
  write.event("contact.updated", {"contact", std::to_string(contact), {}}, dumpJson(Json{{"contact_id", contact}}));
}

void ingestConsent(db::TenantWrite& write, const Arrival& change) {
  const auto contact = findContact(write, {change.event->contact, change.event->from.address});
  if (contact == 0) return;
  const bool out = change.event->kind == EventKind::kOptOut;
  write.queue(kOptOut, Params()
                           .int8(contact)
                           .optionalTimestamp(out ? std::optional(change.event->timestamp) : std::nullopt)
                           .timestamp(write.now()));
  write.event("contact.updated", {"contact", std::to_string(contact), {}},
              dumpJson(Json{{"contact_id", contact}, {"opted_out", out}}));
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

}  // namespace

std::int64_t findContact(db::TenantWrite& write, const std::vector<Address>& addresses) {
  std::vector<std::string> kinds, values;
  for (const auto& address : addresses) {
    kinds.push_back(address.kind);
    values.push_back(address.address);
  }
  const auto rows = write.query(kFindContact, Params().textArray(kinds).textArray(values));
  return rows.empty() ? 0 : rows.int8(0, 0);
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
      return write.queue(kUnparsed, Params()
                                        .text(change.channel->settings().name)
                                        .timestamp(write.now())
                                        .text("unparsed: " + event.why)
                                        .bytes(event.raw));
    case EventKind::kAccount:
      log::warn("inbox", "provider reports on the channel itself",
                {{"tenant", write.slug()}, {"channel", change.channel->settings().name}, {"text", event.text}});
      return write.event("inbox_channel.health_changed", {"system", {}, {}},
                         dumpJson(Json{{"channel_name", change.channel->settings().name}, {"text", event.text}}));
    case EventKind::kTyping:  // never stored
    case EventKind::kMessage:
    case EventKind::kStatus:
      return;
  }
}

}  // namespace patchbay::inbox
