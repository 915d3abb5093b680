#include "base/crypto.hpp"
#include "base/text.hpp"
#include "delivery/outbox.hpp"
#include "inbox/dead_letters.hpp"
#include "inbox/mail_answer.hpp"
#include "inbox/mail_threads.hpp"
#include "inbox/outbound.hpp"
#include "inbox/render.hpp"
#include "inbox/service.hpp"
#include "inbox/status.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::SchemaName;
using db::Statement;

constexpr std::size_t kPreviewLimit = 100;

const std::string kListSql = "SELECT " + messageJson() +
                             " FROM {tenant}.inbox_messages m WHERE ($1::bigint IS NULL OR m.conversation_id = $1) "
                             "ORDER BY m.id DESC OFFSET $2 LIMIT $3";
const std::string kOneConversationSql = "SELECT " + messageJson() +
                                        " FROM {tenant}.inbox_messages m WHERE m.conversation_id = $1 "
                                        "ORDER BY m.id DESC OFFSET $2 LIMIT $3";
const std::string kOldestSql =
    "SELECT " + messageJson() +
    " FROM {tenant}.inbox_messages m WHERE m.conversation_id = $1 ORDER BY m.id OFFSET $2 LIMIT $3";
const std::string kAroundSql = "SELECT " + messageJson() +
                               " FROM ((SELECT * FROM {tenant}.inbox_messages WHERE conversation_id = $1 AND id <= $2 "
                               "ORDER BY id DESC LIMIT $3) UNION ALL "
                               "(SELECT * FROM {tenant}.inbox_messages WHERE conversation_id = $1 AND id > $2 ORDER BY "
                               "id LIMIT $4)) m ORDER BY m.id";
const std::string kGetSql =
    "SELECT " + messageJson() +
    " || jsonb_build_object('attempt_log', (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'message_id' ORDER BY "
    "a.started_at), '[]') "
    "FROM {tenant}.pb_attempts a WHERE a.message_id = m.id), 'html', m.html) FROM {tenant}.inbox_messages m WHERE m.id "
    "= $1";
const Statement kList{"message.list", kListSql};
const Statement kOneConversation{"message.list_conversation", kOneConversationSql};
const Statement kOldest{"message.thread", kOldestSql};
const Statement kAround{"message.around", kAroundSql};
const Statement kGet{"message.get", kGetSql};

constexpr Statement kConversationExists{"message.conversation",
                                        "SELECT unread_count FROM {tenant}.inbox_conversations WHERE id = $1"};
constexpr Statement kFirstUnread{
    "message.first_unread",
    "SELECT id FROM {tenant}.inbox_messages WHERE conversation_id = $1 AND direction = 'in' "
    "ORDER BY id DESC OFFSET $2 LIMIT 1"};
constexpr Statement kConversation{
    "message.conversation_for_write",
    "SELECT channel_name, address_kind, contact_identifier, reply_window_hours, last_inbound_at, thread_key "
    "FROM {tenant}.inbox_conversations WHERE id = $1"};
constexpr Statement kOptedOut{"message.opted_out",
                              "SELECT opted_out_at FROM {tenant}.pb_contact_addresses "
                              "WHERE kind = $1 AND address = $2 AND opted_out_at IS NOT NULL"};
constexpr Statement kReplyTarget{
    "message.reply_target", "SELECT external_id FROM {tenant}.inbox_messages WHERE id = $1 AND conversation_id = $2"};
constexpr Statement kInsert{
    "message.insert",
    "INSERT INTO {tenant}.inbox_messages (conversation_id, external_id, direction, type, "
    "content, media_url, status, channel_name, "
    "media, reply_to_id, sender, is_note, client_ref, subject, quick_replies, template, extra, "
    "recorded, ref, mail, status_updated_at, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9::jsonb, '[]'), $10, $11, $12, $13, $14, $15, "
    "$16, $17, $18, $19, $20, $21, $21) RETURNING id"};
// message_count is the number of the conversation's rows, notes among them; nothing else is moved by a note.
constexpr Statement kTouch{"message.touch_conversation", R"sql(
  UPDATE {tenant}.inbox_conversations SET
    message_count = message_count + 1,
    unread_count = unread_count + CASE WHEN $2 = 'in' AND NOT $5 THEN 1 ELSE 0 END,
    last_message = CASE WHEN $5 THEN last_message ELSE $3 END,
    last_message_at = CASE WHEN $5 THEN last_message_at ELSE $4 END,
    status = CASE WHEN $5 OR status IN ('archived', 'qualified') THEN status
                  WHEN $2 = 'out' THEN 'replied'
                  WHEN status = 'replied' THEN 'open'
                  ELSE status END,
    updated_at = $4,
    version = version + 1
  WHERE id = $1)sql"};
constexpr Statement kStatus{"message.status",
                            "SELECT status, conversation_id FROM {tenant}.inbox_messages WHERE id = $1"};
constexpr Statement kSetStatus{"message.set_status",
                               "UPDATE {tenant}.inbox_messages SET status = $2, status_updated_at = $3 WHERE id = $1"};

/// A member who wants nothing does not speak for a group: what goes there is not sent to them.
std::optional<Error> whyOptedOut(db::TenantWrite& write, const Outlet& outlet) {
  if (!outlet.thread_key.empty()) return std::nullopt;
  const auto said = write.query(kOptedOut, Params().text(outlet.to.kind).text(outlet.to.address));
  if (said.empty()) return std::nullopt;
  return invalid("opted_out", "/conversation_id",
                 "the contact does not want messages at this address any more (" + std::string(said.text(0, 0)) +
                     "); only they can allow them again");
}

Result<Document> create(db::TenantWrite& write, const db::Actor& actor, const Json& body,
                        const FindChannel& find_channel, bool& queued) {
  queued = false;
  const auto conversation_id = integer(body, "conversation_id").value_or(0);
  const auto row = write.query(kConversation, Params().int8(conversation_id));
  if (row.empty()) return notFound("conversation", conversation_id);

  Draft draft = readDraft(body);
  const std::string channel_name(row.text(0, 0));
  std::optional<std::string> reply_to;  // the provider's id of what is quoted
  if (draft.reply_to_id) {
    const auto target = write.query(kReplyTarget, Params().int8(*draft.reply_to_id).int8(conversation_id));
    if (target.empty())
      return invalid("reply_target_not_found", "/reply_to_id",
                     "reply_to_id " + std::to_string(*draft.reply_to_id) + " is no message of this conversation");
    if (!target.isNull(0, 0)) reply_to = std::string(target.text(0, 0));
  }
  const bool leaves = draft.direction == "out" && !draft.is_note && !channel_name.empty();
  std::shared_ptr<connectors::Channel> channel;
  Outlet outlet;
  if (leaves) {
    channel = find_channel(write.slug(), channel_name);
    if (!channel)
      return invalid(
          "channel_not_connected", "/conversation_id",
          "channel '" + channel_name + "' of this conversation is not configured any more; nothing can be sent");
    outlet = {{std::string(row.text(0, 1)), std::string(row.text(0, 2))}, {}, {}, {}};
    // The address that is kept with the conversation is one participant's: what is meant for all must not go to them
    // alone.
    if (const auto thread = row.text(0, 5);
        !channel->manifest().mail && !thread.empty() && !thread.starts_with("contact:")) {
      if (!reachesGroups(*channel, outlet.to.kind))
        return invalid("group_not_supported", "/conversation_id",
                       "conversation " + std::to_string(conversation_id) +
                           " is a thread of several people, and channel '" + channel_name +
                           "' can only send to one person; write in that person's own conversation");
      outlet.thread_key = std::string(thread);
    }
    if (!row.isNull(0, 3) && !row.isNull(0, 4))
      outlet.window_closes_at = *row.timestamp(0, 4) + std::chrono::hours(row.int8(0, 3));
    else if (!row.isNull(0, 3))
      outlet.window_closes_at = Timestamp{};  // the contact has never written
    if (auto error = whyOptedOut(write, outlet)) return *error;
    outlet.reply_to = reply_to;
    if (auto error = checkDraft(draft, *channel, outlet, write.now())) return *error;
  }
  draft.status = draft.direction == "in" ? "delivered" : leaves ? "pending" : "sent";
  const std::string ref = leaves ? crypto::uuid4() : std::string();
  std::optional<MailAnswer> mail;
  if (leaves && channel->manifest().mail) {
    mail = prepareMail(write, *channel, conversation_id, outlet.to.address, draft, ref);
    draft.subject = mail->subject;
  }

  Params params;
  params.int8(conversation_id)
      .textOrNull(draft.external_id)
      .text(draft.direction)
      .text(draft.type)
      .textOrNull(draft.content);
  params.textOrNull(draft.media_url).text(draft.status).textOrNull(channel_name);
  draft.media.empty() ? params.null() : params.jsonb(cleanJson(draft.media));
  params.optionalInt8(draft.reply_to_id)
      .jsonb(dumpJson(Json{{"kind", draft.direction == "in" ? "contact" : actor.kind},
                           {"id", draft.direction == "in" || actor.id.empty() ? Json() : Json(actor.id)},
                           {"name", draft.direction == "in" || actor.name.empty() ? Json() : Json(actor.name)}}));
  params.boolean(draft.is_note).textOrNull(draft.client_ref).textOrNull(draft.subject);
  for (const Json* part : {&draft.quick_replies, &draft.message_template, &draft.extra})
    part->is_null() || part->empty() ? params.null() : params.jsonb(cleanJson(*part));
  params.boolean(draft.direction == "in" && !channel_name.empty());
  ref.empty() ? params.null() : params.uuid(ref);
  mail ? params.jsonb(cleanJson(mail->shown)) : params.null();
  const auto id = write.query(kInsert, std::move(params.timestamp(write.now()))).int8(0, 0);

  const std::string preview = draft.content.empty() ? "[" + draft.type + "]" : draft.content;
  write.queue(kTouch, Params()
                          .int8(conversation_id)
                          .text(draft.direction)
                          .text(firstCodePoints(preview, kPreviewLimit))
                          .timestamp(write.now())
                          .boolean(draft.is_note));
  if (leaves) {
    delivery::enqueue(write, {channel_name, outlet.to.kind + ":" + outlet.to.address, id, ref,
                              operationJson(draft, id, ref, outlet, write.now(), mail ? &*mail : nullptr), std::nullopt,
                              channel->settings().ttl});
    queued = true;
    if (mail) rememberMailIds(write, {channel_name}, {mail->message_id}, {conversation_id}, {id});
  }
  write.event(draft.direction == "in" ? "message.received"
              : leaves                ? "message.updated"
                                      : "message.sent",
              actor,
              dumpJson(Json{{"conversation_id", conversation_id},
                            {"message_id", id},
                            {"direction", draft.direction},
                            {"type", draft.type},
                            {"content", draft.content},
                            {"status", draft.status},
                            {"is_note", draft.is_note}}));
  return readMessage(write, id);
}

}  // namespace

Result<Document> Service::messages(const std::string& tenant, const MessageQuery& query) {
  const auto schema = SchemaName::fromSlug(tenant);
  auto connection = reads_.lease();
  const Statement& statement = query.conversation_id ? kOneConversation : kList;
  return Document{joinRows(connection->execute(
      statement, &*schema, Params().optionalInt8(query.conversation_id).int8(query.skip).int8(query.limit)))};
}

Result<Document> Service::thread(const std::string& tenant, const ThreadQuery& query) {
  const auto schema = SchemaName::fromSlug(tenant);
  auto connection = reads_.lease();
  const auto conversation = connection->execute(kConversationExists, &*schema, Params().int8(query.conversation_id));
  if (conversation.empty()) return notFound("conversation", query.conversation_id);
  if (!query.anchor)
    return Document{joinRows(connection->execute(
        kOldest, &*schema, Params().int8(query.conversation_id).int8(query.skip).int8(query.limit)))};

  constexpr std::int64_t kBehindAll = std::numeric_limits<std::int64_t>::max();
  std::int64_t anchor = kBehindAll, before = query.before, after = query.after;
  const auto unread = conversation.int8(0, 0);
  if (*query.anchor == "first_unread" && unread > 0) {
    const auto first =
        connection->execute(kFirstUnread, &*schema, Params().int8(query.conversation_id).int8(unread - 1));
    if (!first.empty()) anchor = first.int8(0, 0);
  } else if (*query.anchor != "newest" && *query.anchor != "first_unread") {
    anchor = std::stoll(*query.anchor);  // the API has checked that it is a number
  }
  if (anchor == kBehindAll) {
    before = before > 0 ? before : query.limit;  // the newest page
    return Document{joinRows(connection->execute(
        kAround, &*schema, Params().int8(query.conversation_id).int8(anchor).int8(before).int8(0)))};
  }
  if (before == 0 && after == 0) {
    before = query.limit / 2;
    after = query.limit - before - 1;
  }
  return Document{joinRows(connection->execute(
      kAround, &*schema, Params().int8(query.conversation_id).int8(anchor).int8(before + 1).int8(after)))};
}

Result<Document> Service::message(const std::string& tenant, std::int64_t id) {
  const auto schema = SchemaName::fromSlug(tenant);
  const auto rows = reads_.lease()->execute(kGet, &*schema, Params().int8(id));
  if (rows.empty()) return notFound("message", id);
  return Document{std::string(rows.text(0, 0))};
}

void Service::createMessage(const WriteContext& context, const Json& body, Reply reply) {
  const auto queued = std::make_shared<bool>(false);  // written and read on the lane's thread
  submitWrite(
      lanes_, context,
      [this, actor = context.actor, body, queued](db::TenantWrite& write) {
        return create(write, actor, body, find_channel_, *queued);
      },
      [this, queued, reply = std::move(reply)](Result<Document> document) {
        if (*queued && on_queued_) on_queued_();
        reply(std::move(document));
      });
}

void Service::retryMessage(const WriteContext& context, std::int64_t id, Reply reply) {
  submitWrite(
      lanes_, context,
      [this, actor = context.actor, id](db::TenantWrite& write) {
        return inbox::retryMessage(write, actor, id, find_channel_);
      },
      [this, reply = std::move(reply)](Result<Document> document) {
        if (document.ok() && on_queued_) on_queued_();
        reply(std::move(document));
      });
}

void Service::setMessageStatus(const WriteContext& context, std::int64_t id, const std::string& status, Reply reply) {
  submitWrite(
      lanes_, context,
      [actor = context.actor, id, status](db::TenantWrite& write) -> Result<Document> {
        const auto row = write.query(kStatus, Params().int8(id));
        if (row.empty()) return notFound("message", id);
        const auto before = row.text(0, 0);
        if (before == status) return readMessage(write, id);
        if (!statusMoves(before, status))
          return Error{ErrorKind::kConflict, "status_regression",
                       "Message " + std::to_string(id) + " is " + std::string(before) + " and cannot become " + status +
                           ": statuses only move forward."};
        write.queue(kSetStatus, Params().int8(id).text(status).timestamp(write.now()));
        write.event("message." + (status == "pending" ? std::string("updated") : status), actor,
                    dumpJson(Json{{"conversation_id", row.int8(0, 1)}, {"message_id", id}, {"status", status}}));
        return readMessage(write, id);
      },
      std::move(reply));
}

}  // namespace patchbay::inbox
