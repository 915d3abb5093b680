#include "inbox/message_changes.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "inbox/reactions.hpp"
#include "inbox/reply_window.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
using connectors::Event;
using connectors::EventKind;
using db::Params;
using db::Statement;

constexpr Statement kFindMessage{"change.find_message", R"sql(
  SELECT m.id, m.conversation_id FROM {tenant}.pb_message_parts p
  JOIN {tenant}.inbox_messages m ON m.id = p.message_id
  WHERE p.channel_name = $1 AND p.provider_id = $2)sql"};
// Edits come in any order: an older one changes nothing, and none brings back what was taken back. Times in this form
// sort as they are.
constexpr Statement kEdit{"change.edit", R"sql(
  UPDATE {tenant}.inbox_messages
  SET content = $2, extra = coalesce(extra, '{}') || jsonb_build_object('edited_at', $3::text)
  WHERE id = $1 AND NOT coalesce(extra, '{}') ? 'deleted_at' AND coalesce(extra ->> 'edited_at', '') <= $3)sql"};
// What was taken back goes wherever it stands: beside the text, and in the list of conversations.
constexpr Statement kUnsend{"change.unsend", R"sql(
  UPDATE {tenant}.inbox_messages SET content = NULL, media = '[]', media_url = NULL,
    extra = coalesce(extra, '{}') - '{raw,location,selection,contacts,order,referral,withdrawn_parts}'::text[]
      || jsonb_build_object('deleted_at', $2::text)
  WHERE id = $1 AND NOT coalesce(extra, '{}') ? 'deleted_at')sql"};
constexpr Statement kWithdrawParts{"change.withdraw_parts", R"sql(
  UPDATE {tenant}.inbox_messages
  SET extra = coalesce(extra, '{}')
    || jsonb_build_object('withdrawn_parts', coalesce(extra -> 'withdrawn_parts', '[]') || to_jsonb($2::text[]))
  WHERE id = $1)sql"};
constexpr Statement kChangedConversation{"change.conversation",
                                         "SELECT conversation_id FROM {tenant}.inbox_messages WHERE id = $1"};
constexpr Statement kHidePreview{"change.hide_preview", R"sql(
  UPDATE {tenant}.inbox_conversations v
  SET first_message = CASE WHEN q.first THEN $3 ELSE first_message END,
    last_message = CASE WHEN q.last THEN $3 ELSE last_message END, updated_at = $4, version = version + 1
  FROM (SELECT
      NOT EXISTS (SELECT FROM {tenant}.inbox_messages m WHERE m.conversation_id = $1 AND m.id < $2 AND NOT m.is_note)
        AS first,
      NOT EXISTS (SELECT FROM {tenant}.inbox_messages m WHERE m.conversation_id = $1 AND m.id > $2 AND NOT m.is_note)
        AS last) q
  WHERE v.id = $1 AND (q.first OR q.last))sql"};
constexpr const char* kWithdrawn = "[deleted]";  // as "[image]" for what has no text

constexpr Statement kOpenWindow{"change.open_window", R"sql(
  UPDATE {tenant}.inbox_conversations SET last_inbound_at = $3, updated_at = $4, version = version + 1
  WHERE channel_name = $1 AND thread_key = $2 AND status <> 'archived' AND reply_window_hours IS NOT NULL
    AND (last_inbound_at IS NULL OR last_inbound_at < $3)
  RETURNING id)sql"};

constexpr Statement kParkChange{"change.park", R"sql(
  INSERT INTO {tenant}.pb_parked_changes (channel_name, provider_id, event_key, change, parked_at)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING)sql"};
constexpr auto kChangeParkedFor = std::chrono::days(7);
// Old ones go with the new ones, and more than come, so that no job has to.
constexpr Statement kDropParkedChanges{"change.drop_parked", R"sql(
  DELETE FROM {tenant}.pb_parked_changes WHERE (channel_name, provider_id, event_key) IN (
    SELECT channel_name, provider_id, event_key FROM {tenant}.pb_parked_changes
    WHERE parked_at < $1 ORDER BY parked_at LIMIT 5))sql"};
constexpr Statement kFindParkedChanges{"change.find_parked", R"sql(
  SELECT DISTINCT c.channel_name, c.provider_id
  FROM unnest($1::text[], $2::text[]) AS q (channel_name, provider_id)
  JOIN {tenant}.pb_parked_changes c USING (channel_name, provider_id))sql"};
constexpr Statement kUnparkChanges{"change.unpark", R"sql(
  DELETE FROM {tenant}.pb_parked_changes WHERE channel_name = $1 AND provider_id = $2 RETURNING change)sql"};

struct ChangedMessage {
  std::int64_t message_id = 0;
  std::int64_t conversation_id = 0;
};

ChangedMessage findChanged(db::TenantWrite& write, const std::string& channel_name, const std::string& provider_id) {
  const auto rows = write.query(kFindMessage, Params().text(channel_name).text(provider_id));
  if (rows.empty()) return {};
  return {rows.int8(0, 0), rows.int8(0, 1)};
}

void applyReaction(db::TenantWrite& write, const std::string& channel_name, const ChangedMessage& found,
                   const Event& event) {
  std::vector<Address> addresses{event.from.address};
  addresses.insert(addresses.end(), event.from.aliases.begin(), event.from.aliases.end());
  const auto contact = findContact(write, addresses);
  if (!isNews(write, channel_name, event)) return;
  const std::string who = contact != 0 ? "contact:" + std::to_string(contact) : event.from.address.address;
  if (!setReaction(write, found.message_id, who, event.emoji, event.timestamp)) return;
  write.event(event.emoji.empty() ? "reaction.removed" : "reaction.added", {"contact", std::to_string(contact), {}},
              dumpJson(Json{{"conversation_id", found.conversation_id},
                            {"message_id", found.message_id},
                            {"emoji", event.emoji.empty() ? Json() : Json(event.emoji)}}));
}

/// Whether its message is known or not: it is what the contact did that counts. A clock that is ahead gains nothing.
void openWindow(db::TenantWrite& write, const std::string& channel_name, const Event& reaction) {
  const auto contact = findContact(write, {reaction.from.address});
  if (contact == 0) return;
  const auto opened = write.query(kOpenWindow, Params()
                                                   .text(channel_name)
                                                   .text("contact:" + std::to_string(contact))
                                                   .timestamp(std::min(reaction.timestamp, write.now()))
                                                   .timestamp(write.now()));
  for (int i = 0; i < opened.size(); ++i)
    write.event("conversation.updated", {"contact", std::to_string(contact), {}},
                dumpJson(Json{{"conversation_id", opened.int8(i, 0)}, {"changed", {"reply_window"}}}));
}

void hidePreview(db::TenantWrite& write, const ChangedMessage& found, const db::Actor& actor) {
  Params params;
  params.int8(found.conversation_id).int8(found.message_id).text(kWithdrawn).timestamp(write.now());
  const auto hidden = write.query(kHidePreview, std::move(params));
  if (hidden.affected() == 0) return;
  write.event("conversation.updated", actor,
              dumpJson(Json{{"conversation_id", found.conversation_id}, {"changed", {"last_message"}}}));
}

/// @param text  nothing: it was taken back
void changeContent(db::TenantWrite& write, const ChangedMessage& found, const std::optional<std::string>& text,
                   Timestamp when, const db::Actor& actor) {
  const std::string at = formatRfc3339(when);
  const auto changed = text ? write.query(kEdit, Params().int8(found.message_id).text(*text).text(at))
                            : write.query(kUnsend, Params().int8(found.message_id).text(at));
  if (changed.affected() == 0) return;
  if (!text) hidePreview(write, found, actor);
  write.event("message.updated", actor,
              dumpJson(Json{{"conversation_id", found.conversation_id}, {"message_id", found.message_id}}));
}

void applyEdit(db::TenantWrite& write, const std::string& channel_name, const ChangedMessage& found,
               const Event& event) {
  if (!isNews(write, channel_name, event)) return;
  changeContent(write, found, event.kind == EventKind::kEdit ? std::optional(event.text) : std::nullopt,
                event.timestamp, {"contact", {}, {}});
}

void applyChange(db::TenantWrite& write, const std::string& channel_name, const ChangedMessage& found,
                 const Event& event) {
  event.kind == EventKind::kReaction ? applyReaction(write, channel_name, found, event)
                                     : applyEdit(write, channel_name, found, event);
}

// ---- Parked changes as JSON ----

Json changeJson(const Address& address) {
  return {{"kind", address.kind}, {"address", address.address}};
}

Address changeAddress(const Json& json) {
  return {json.value("kind", ""), json.value("address", "")};
}

Json changeJson(const Event& event) {
  Json aliases = Json::array();
  for (const auto& alias : event.from.aliases) aliases.push_back(changeJson(alias));
  return {{"kind", static_cast<int>(event.kind)},
          {"id", event.id},
          {"message_id", event.message_id},
          {"from", changeJson(event.from.address)},
          {"aliases", std::move(aliases)},
          {"emoji", event.emoji},
          {"text", event.text},
          {"at", event.timestamp.time_since_epoch().count()}};
}

Event parkedChange(const Json& json) {
  Event event;
  event.kind = static_cast<EventKind>(json.at("kind").get<int>());
  event.id = json.at("id").get<std::string>();
  event.message_id = json.at("message_id").get<std::string>();
  event.from.address = changeAddress(json.at("from"));
  for (const auto& alias : json.at("aliases")) event.from.aliases.push_back(changeAddress(alias));
  event.emoji = json.at("emoji").get<std::string>();
  event.text = json.at("text").get<std::string>();
  event.timestamp = Timestamp(Timestamp::duration(json.at("at").get<Timestamp::rep>()));
  return event;
}

/// Its message may be on its way by another connection, or older than our history, which nobody can tell.
void parkChange(db::TenantWrite& write, const std::string& channel_name, const Event& event) {
  write.queue(kDropParkedChanges, Params().timestamp(write.now() - kChangeParkedFor));
  Params params;
  params.text(channel_name).text(event.message_id).bytes(eventKey(event)).jsonb(cleanJson(changeJson(event)));
  write.queue(kParkChange, std::move(params.timestamp(write.now())));
}

/// A change of ours in the lane. @param apply  called with the message; not at all when it is gone
template <class Apply>
void noteChange(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, Apply apply, Reply reply) {
  submitWrite(
      lanes, context,
      [message_id, apply = std::move(apply)](db::TenantWrite& write) -> Result<Document> {
        const auto row = write.query(kChangedConversation, Params().int8(message_id));
        if (row.empty()) return notFound("message", message_id);
        apply(write, ChangedMessage{message_id, row.int8(0, 0)});
        return readMessage(write, message_id);
      },
      std::move(reply));
}

}  // namespace

void ingestMessageChange(db::TenantWrite& write, const Arrival& change) {
  const std::string& channel_name = change.channel->settings().name;
  const Event& event = *change.event;
  if (event.kind == EventKind::kReaction && !event.emoji.empty() &&
      reactionOpensWindow(*change.channel, event.from.address.kind))
    openWindow(write, channel_name, event);
  const ChangedMessage found = findChanged(write, channel_name, event.message_id);
  found.message_id == 0 ? parkChange(write, channel_name, event) : applyChange(write, channel_name, found, event);
}

void queueParkedLookup(db::TenantWrite& write, const std::vector<std::string>& channels,
                       const std::vector<std::string>& provider_ids) {
  write.queue(kFindParkedChanges, Params().textArray(channels).textArray(provider_ids));
}

void applyParkedChanges(db::TenantWrite& write, const std::string& channel_name, const std::string& provider_id) {
  const auto rows = write.query(kUnparkChanges, Params().text(channel_name).text(provider_id));
  if (rows.empty()) return;
  std::vector<Event> events;
  for (int i = 0; i < rows.size(); ++i) events.push_back(parkedChange(parseJson(rows.text(i, 0))));
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.timestamp < b.timestamp; });
  const ChangedMessage found = findChanged(write, channel_name, provider_id);
  if (found.message_id == 0) return;
  for (const auto& event : events) applyChange(write, channel_name, found, event);
}

void noteEdit(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, std::string content,
              Timestamp when, Reply reply) {
  noteChange(
      lanes, context, message_id,
      [actor = context.actor, content = std::move(content), when](db::TenantWrite& write, const ChangedMessage& found) {
        changeContent(write, found, content, when, actor);
      },
      std::move(reply));
}

void noteWithdrawal(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, Reply reply) {
  noteChange(
      lanes, context, message_id,
      [actor = context.actor](db::TenantWrite& write, const ChangedMessage& found) {
        changeContent(write, found, std::nullopt, write.now(), actor);
      },
      std::move(reply));
}

void noteWithdrawnParts(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id,
                        std::vector<std::string> provider_ids, Reply reply) {
  noteChange(
      lanes, context, message_id,
      [actor = context.actor, ids = std::move(provider_ids)](db::TenantWrite& write, const ChangedMessage& found) {
        write.query(kWithdrawParts, Params().int8(found.message_id).textArray(ids));
        write.event("message.updated", actor,
                    dumpJson(Json{{"conversation_id", found.conversation_id}, {"message_id", found.message_id}}));
      },
      std::move(reply));
}

}  // namespace patchbay::inbox
