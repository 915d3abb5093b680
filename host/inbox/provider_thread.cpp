#include "inbox/provider_thread.hpp"

#include <patchbay/json.hpp>

#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Rows;
using db::SchemaName;
using db::Statement;

const std::string kThreadColumns =
    "v.channel_name, v.address_kind, v.contact_identifier, v.reply_window_hours, v.last_inbound_at, "
    "v.thread_key, (SELECT n.external_id FROM {tenant}.inbox_messages n WHERE n.conversation_id = v.id "
    "AND n.direction = 'in' AND n.external_id IS NOT NULL ORDER BY n.id DESC LIMIT 1)";
const std::string kThreadSql = "SELECT " + kThreadColumns + " FROM {tenant}.inbox_conversations v WHERE v.id = $1";
const std::string kThreadOfMessageSql =
    "SELECT " + kThreadColumns +
    ", (SELECT coalesce(jsonb_agg(p.provider_id ORDER BY p.part), '[]') FROM {tenant}.pb_message_parts p "
    "WHERE p.message_id = m.id AND p.channel_name = v.channel_name "
    "AND NOT coalesce(m.extra -> 'withdrawn_parts', '[]') ? p.provider_id), "
    "m.type, m.direction = 'out' AND NOT m.is_note AND m.status IN ('sent', 'delivered', 'read'), "
    "coalesce(m.extra, '{}') ? 'deleted_at' "
    "FROM {tenant}.inbox_messages m JOIN {tenant}.inbox_conversations v ON v.id = m.conversation_id WHERE m.id = $1";
const Statement kThread{"provider_thread.find", kThreadSql};
const Statement kThreadOfMessage{"provider_thread.find_message", kThreadOfMessageSql};

constexpr Statement kLastRead{"provider_thread.last_read",
                              "SELECT external_id FROM {tenant}.inbox_messages WHERE conversation_id = $1 "
                              "AND direction = 'in' AND external_id IS NOT NULL AND status = 'read' "
                              "ORDER BY id DESC LIMIT 1"};

ProviderThread threadOf(const Rows& rows) {
  ProviderThread thread;
  thread.channel_name = rows.text(0, 0);
  thread.contact = {std::string(rows.text(0, 1)), std::string(rows.text(0, 2))};
  if (!rows.isNull(0, 3))
    thread.window_closes_at =
        rows.isNull(0, 4) ? Timestamp{} : *rows.timestamp(0, 4) + std::chrono::hours(rows.int8(0, 3));
  const auto key = rows.text(0, 5);
  thread.group = !key.empty() && !key.starts_with("contact:");
  thread.last_inbound = rows.text(0, 6);
  return thread;
}

}  // namespace

Result<ProviderThread> findProviderThread(db::Pool& reads, const std::string& tenant, std::int64_t conversation_id) {
  const auto schema = SchemaName::fromSlug(tenant);
  const auto rows = reads.lease()->execute(kThread, &*schema, Params().int8(conversation_id));
  if (rows.empty()) return notFound("conversation", conversation_id);
  return threadOf(rows);
}

std::string findLastRead(db::Pool& reads, const std::string& tenant, std::int64_t conversation_id) {
  const auto schema = SchemaName::fromSlug(tenant);
  const auto rows = reads.lease()->execute(kLastRead, &*schema, Params().int8(conversation_id));
  return rows.empty() ? std::string() : std::string(rows.text(0, 0));
}

Result<ProviderMessage> findProviderMessage(db::Pool& reads, const std::string& tenant, std::int64_t message_id) {
  const auto schema = SchemaName::fromSlug(tenant);
  const auto rows = reads.lease()->execute(kThreadOfMessage, &*schema, Params().int8(message_id));
  if (rows.empty()) return notFound("message", message_id);
  ProviderMessage message;
  message.thread = threadOf(rows);
  for (const Json& id : parseJson(rows.text(0, 7))) message.provider_ids.push_back(id.get<std::string>());
  message.type = rows.text(0, 8);
  message.ours = rows.boolean(0, 9);
  message.withdrawn = rows.boolean(0, 10);
  return message;
}

}  // namespace patchbay::inbox
