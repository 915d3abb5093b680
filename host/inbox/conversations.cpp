#include "base/text.hpp"
#include "inbox/render.hpp"
#include "inbox/service.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::SchemaName;
using db::Statement;

// Every filter is a parameter that may be NULL, so each order of the list is one statement that is prepared once.
const std::string kListFilter =
    " FROM {tenant}.inbox_conversations v WHERE ($1::text IS NULL OR v.status = $1) AND ($2::text IS NULL OR v.channel "
    "= $2) "
    "AND ($3::text IS NULL OR v.connector = $3) AND ($4::uuid IS NULL OR v.assigned_to = $4) "
    "AND ($5::text IS NULL OR v.priority = $5) AND ($6::text IS NULL OR v.tags ? $6) "
    "AND ($7::text IS NULL OR strpos(lower(coalesce(v.contact_name, '')), lower($7)) > 0 OR "
    "strpos(lower(v.contact_identifier), lower($7)) > 0 "
    "OR strpos(lower(coalesce(v.last_message, '')), lower($7)) > 0 OR EXISTS (SELECT FROM {tenant}.inbox_messages m "
    "WHERE m.conversation_id = v.id AND strpos(lower(m.content), lower($7)) > 0)) "
    "AND ($8::boolean IS NULL OR v.is_spam = $8) AND ($9::boolean IS NULL OR v.is_lead = $9) "
    "AND ($10::timestamptz IS NULL OR v.created_at >= $10) AND ($11::timestamptz IS NULL OR v.created_at <= $11) ";

std::string listSql(const std::string& order) {
  return "SELECT " + conversationJson() + kListFilter + "ORDER BY " + order + " OFFSET $12 LIMIT $13";
}

struct Order {
  std::string sort, sql;
  Statement statement;
  Order(std::string name, std::string_view statement_name, const std::string& order)
      : sort(std::move(name)), sql(listSql(order)), statement{statement_name, sql} {}
  Order(const Order&) = delete;
  Order& operator=(const Order&) = delete;
};
// recent_slot is last_message_at, coarser: an index gives that order, and only conversations of the same ten minutes
// are sorted (migration 0007 tells why).
const Order kOrders[] = {
    {"-last_message_at", "conversation.list",
     "v.recent_slot DESC NULLS LAST, v.last_message_at DESC NULLS LAST, v.id DESC"},
    {"created_at", "conversation.list_by_creation", "v.created_at, v.id"},
    {"priority", "conversation.list_by_priority",
     "array_position(ARRAY['high', 'normal', 'low'], v.priority::text), v.last_message_at DESC NULLS LAST, v.id DESC"},
    {"unread_count", "conversation.list_by_unread",
     "v.unread_count DESC, v.last_message_at DESC NULLS LAST, v.id DESC"},
};

const std::string kGetSql =
    "SELECT " + conversationJson() + ", v.version FROM {tenant}.inbox_conversations v WHERE v.id = $1";
const Statement kGet{"conversation.get", kGetSql};

constexpr Statement kFindOpenThread{
    "conversation.find_open",
    "SELECT id FROM {tenant}.inbox_conversations WHERE channel = $1 AND contact_identifier = "
    "$2 AND status <> 'archived' "
    "ORDER BY channel_name NULLS LAST, id LIMIT 1"};
constexpr Statement kInsert{
    "conversation.insert",
    "INSERT INTO {tenant}.inbox_conversations (external_id, channel, contact_name, contact_identifier, "
    "contact_metadata, status, "
    "priority, tags, platform_metadata, first_message, created_at, updated_at, archived_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, CASE WHEN $6 = 'archived' THEN $11 END) RETURNING id"};
constexpr Statement kAppend{"conversation.append_first_message",
                            "WITH m AS (INSERT INTO {tenant}.inbox_messages (conversation_id, direction, type, "
                            "content, status, sender, recorded, "
                            "status_updated_at, created_at) VALUES ($1, 'in', 'text', $2, 'delivered', '{\"kind\": "
                            "\"contact\", \"id\": null, \"name\": null}', "
                            "true, $4, $4)) "
                            "UPDATE {tenant}.inbox_conversations SET message_count = message_count + 1, unread_count = "
                            "unread_count + 1, last_message = $3, "
                            "last_message_at = $4, updated_at = $4, version = version + 1, status = CASE status WHEN "
                            "'replied' THEN 'open' ELSE status END "
                            "WHERE id = $1"};

constexpr Statement kVersion{"conversation.version",
                             "SELECT version, status, channel, contact_identifier, channel_name, thread_key, "
                             "assigned_to FROM {tenant}.inbox_conversations WHERE id = $1"};
constexpr Statement kOpenTwin{
    "conversation.open_twin",
    "SELECT id FROM {tenant}.inbox_conversations WHERE id <> $1 AND status <> 'archived' AND "
    "CASE WHEN $4::text IS NULL THEN channel_name IS NULL AND channel = $2 AND contact_identifier = $3 "
    "ELSE channel_name = $4 AND thread_key = $5 END"};
// A NULL parameter leaves its column as it is; the two that can be cleared come with a flag of their own.
constexpr Statement kUpdate{
    "conversation.update",
    "UPDATE {tenant}.inbox_conversations SET contact_name = CASE WHEN $2 THEN $3 ELSE contact_name END, "
    "status = coalesce($4, status), priority = coalesce($5, priority), is_spam = coalesce($6, is_spam), "
    "tags = coalesce($7, tags), platform_metadata = coalesce($8, platform_metadata), "
    "snoozed_until = CASE WHEN $9 THEN $10 ELSE snoozed_until END, "
    "archived_at = CASE WHEN coalesce($4, status) = 'archived' THEN coalesce(archived_at, $11) END, "
    "updated_at = $11, version = version + 1 WHERE id = $1"};
constexpr Statement kAssign{"conversation.assign",
                            "UPDATE {tenant}.inbox_conversations SET assigned_to = $2, assigned_at = CASE WHEN "
                            "$2::uuid IS NULL THEN NULL ELSE $3 END, "
                            "status = CASE WHEN status = 'new' AND $2::uuid IS NOT NULL THEN 'open' ELSE status END, "
                            "updated_at = $3, version = version + 1 "
                            "WHERE id = $1"};
constexpr Statement kMarkRead{
    "conversation.mark_read",
    "UPDATE {tenant}.inbox_conversations SET unread_count = 0, updated_at = $2, version = version + 1 "
    "WHERE id = $1 AND unread_count > 0"};
constexpr Statement kMarkMessagesRead{"conversation.mark_messages_read",
                                      "UPDATE {tenant}.inbox_messages SET status = 'read', status_updated_at = $2 "
                                      "WHERE conversation_id = $1 AND direction = 'in' AND status = 'delivered'"};
constexpr Statement kArchive{"conversation.archive",
                             "UPDATE {tenant}.inbox_conversations SET status = 'archived', archived_at = $2, "
                             "updated_at = $2, version = version + 1 "
                             "WHERE id = $1 AND status <> 'archived'"};

std::string jsonOr(const Json& body, const char* key, std::string_view fallback) {
  const auto found = body.find(key);
  return found == body.end() || found->is_null() ? std::string(fallback) : cleanJson(*found);
}

Params& booleanOrNull(Params& params, const std::optional<bool>& value) {
  return value ? params.boolean(*value) : params.null();
}

void changed(db::TenantWrite& write, const db::Actor& actor, std::string_view type, std::int64_t id, Json data) {
  data["conversation_id"] = id;
  write.event(type, actor, dumpJson(data));
}

void appendFirstMessage(db::TenantWrite& write, const db::Actor& actor, std::int64_t id, const std::string& text) {
  write.queue(kAppend, Params().int8(id).text(text).text(firstCodePoints(text, 100)).timestamp(write.now()));
  changed(write, actor, "message.received", id, {{"content", text}, {"type", "text"}, {"direction", "in"}});
}

Result<Document> create(db::TenantWrite& write, const db::Actor& actor, const Json& body) {
  const std::string channel = stringOr(body, "channel"), identifier = stringOr(body, "contact_identifier");
  const std::string status = stringOr(body, "status", "new"), first = stringOr(body, "first_message");
  if (status != "archived") {
    const auto open = write.query(kFindOpenThread, Params().text(channel).text(identifier));
    if (!open.empty()) {
      const auto id = open.int8(0, 0);
      if (!first.empty()) appendFirstMessage(write, actor, id, first);
      auto document = readConversation(write, id);
      if (document.ok()) document->created = false;
      return document;
    }
  }
  Params params;
  params.textOrNull(stringOr(body, "external_id"))
      .text(channel)
      .textOrNull(stringOr(body, "contact_name"))
      .text(identifier);
  params.jsonb(jsonOr(body, "contact_metadata", "{}")).text(status).text(stringOr(body, "priority", "normal"));
  params.jsonb(jsonOr(body, "tags", "[]")).jsonb(jsonOr(body, "platform_metadata", "{}"));
  params.textOrNull(firstCodePoints(first, 100)).timestamp(write.now());
  const auto id = write.query(kInsert, std::move(params)).int8(0, 0);
  changed(write, actor, "conversation.created", id, {{"channel", channel}});
  if (!first.empty()) appendFirstMessage(write, actor, id, first);
  return readConversation(write, id);
}

Result<Document> update(db::TenantWrite& write, const db::Actor& actor, std::int64_t id, const Json& patch,
                        std::optional<std::int64_t> if_match) {
  const auto row = write.query(kVersion, Params().int8(id));
  if (row.empty()) return notFound("conversation", id);
  if (if_match && *if_match != row.int8(0, 0))
    return Error{ErrorKind::kPrecondition, "version_mismatch",
                 "Conversation " + std::to_string(id) + " is at version " + std::string(row.text(0, 0)) +
                     ", If-Match names " + std::to_string(*if_match) + "; read it again."};
  const std::string before(row.text(0, 1)), after = stringOr(patch, "status", before);
  if (before == "archived" && after != "archived") {
    Params twin;
    twin.int8(id).text(row.text(0, 2)).text(row.text(0, 3)).textOrNull(row.text(0, 4)).textOrNull(row.text(0, 5));
    const auto other = write.query(kOpenTwin, std::move(twin));
    if (!other.empty())
      return Error{ErrorKind::kConflict, "conversation_exists",
                   "Conversation " + std::string(other.text(0, 0)) + " with this contact is open; archive it first."};
  }
  const auto given = [&patch](const char* key) { return patch.contains(key) && !patch[key].is_null(); };
  Params params;
  params.int8(id).boolean(patch.contains("contact_name")).textOrNull(stringOr(patch, "contact_name"));
  params.textOrNull(stringOr(patch, "status")).textOrNull(stringOr(patch, "priority"));
  booleanOrNull(params, given("is_spam") ? std::optional(patch["is_spam"].get<bool>()) : std::nullopt);
  given("tags") ? params.jsonb(cleanJson(patch["tags"])) : params.null();
  given("platform_metadata") ? params.jsonb(cleanJson(patch["platform_metadata"])) : params.null();
  params.boolean(patch.contains("snoozed_until")).optionalTimestamp(parseRfc3339(stringOr(patch, "snoozed_until")));
  write.queue(kUpdate, std::move(params.timestamp(write.now())));
  Json fields = Json::array();
  for (const auto& [key, value] : patch.items()) fields.push_back(key);
  const bool archives = after == "archived" && before != "archived";
  changed(write, actor, archives ? "conversation.archived" : "conversation.updated", id,
          {{"status", after}, {"changed", fields}});
  return readConversation(write, id);
}

}  // namespace

Result<Document> Service::conversations(const std::string& tenant, const ConversationQuery& query) {
  const auto schema = SchemaName::fromSlug(tenant);
  const Order* order = &kOrders[0];
  for (const auto& candidate : kOrders)
    if (candidate.sort == query.sort) order = &candidate;
  Params params;
  params.optionalText(query.status).optionalText(query.channel).optionalText(query.connector);
  query.assigned_to ? params.uuid(*query.assigned_to) : params.null();
  params.optionalText(query.priority).optionalText(query.tag);
  query.search ? params.text(*query.search) : params.null();
  const auto spam = query.is_spam ? query.is_spam : query.include_spam ? std::nullopt : std::optional(false);
  booleanOrNull(booleanOrNull(params, spam), query.is_lead);
  params.optionalTimestamp(query.date_from).optionalTimestamp(query.date_to).int8(query.skip).int8(query.limit);
  return Document{joinRows(reads_.lease()->execute(order->statement, &*schema, std::move(params)))};
}

Result<Document> Service::conversation(const std::string& tenant, std::int64_t id) {
  const auto schema = SchemaName::fromSlug(tenant);
  const auto rows = reads_.lease()->execute(kGet, &*schema, Params().int8(id));
  if (rows.empty()) return notFound("conversation", id);
  return Document{std::string(rows.text(0, 0)), rows.int8(0, 1)};
}

void Service::createConversation(const WriteContext& context, const Json& body, Reply reply) {
  submitWrite(
      lanes_, context, [actor = context.actor, body](db::TenantWrite& write) { return create(write, actor, body); },
      std::move(reply));
}

void Service::updateConversation(const WriteContext& context, std::int64_t id, const Json& patch,
                                 std::optional<std::int64_t> if_match, Reply reply) {
  submitWrite(
      lanes_, context,
      [actor = context.actor, id, patch, if_match](db::TenantWrite& write) {
        return update(write, actor, id, patch, if_match);
      },
      std::move(reply));
}

void Service::assignConversation(const WriteContext& context, std::int64_t id, std::optional<std::string> user,
                                 Reply reply) {
  submitWrite(
      lanes_, context,
      [actor = context.actor, id, user = std::move(user)](db::TenantWrite& write) -> Result<Document> {
        if (write.query(kVersion, Params().int8(id)).empty()) return notFound("conversation", id);
        Params params;
        params.int8(id);
        user ? params.uuid(*user) : params.null();
        write.queue(kAssign, std::move(params.timestamp(write.now())));
        changed(write, actor, "conversation.assigned", id, {{"assigned_to", user ? Json(*user) : Json()}});
        return readConversation(write, id);
      },
      std::move(reply));
}

void Service::markRead(const WriteContext& context, std::int64_t id, Reply reply) {
  submitWrite(
      lanes_, context,
      [actor = context.actor, id](db::TenantWrite& write) -> Result<Document> {
        const auto before = write.query(kVersion, Params().int8(id));
        if (before.empty()) return notFound("conversation", id);
        write.queue(kMarkMessagesRead, Params().int8(id).timestamp(write.now()));
        if (write.query(kMarkRead, Params().int8(id).timestamp(write.now())).affected() > 0)
          changed(write, actor, "conversation.read", id, Json::object());
        return readConversation(write, id);
      },
      std::move(reply));
}

void Service::archiveConversation(const WriteContext& context, std::int64_t id, Reply reply) {
  submitWrite(
      lanes_, context,
      [actor = context.actor, id](db::TenantWrite& write) -> Result<Document> {
        if (write.query(kArchive, Params().int8(id).timestamp(write.now())).affected() > 0)
          changed(write, actor, "conversation.archived", id, {{"status", "archived"}});
        return readConversation(write, id);
      },
      std::move(reply));
}

}  // namespace patchbay::inbox
