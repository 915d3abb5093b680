#include "inbox/provider_thread.hpp"

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
// Of a text that was split, the first part stands for all.
const std::string kMessageSql =
    "SELECT " + kThreadColumns +
    ", (SELECT p.provider_id FROM {tenant}.pb_message_parts p WHERE p.message_id = m.id AND p.channel_name = "
    "v.channel_name ORDER BY p.part LIMIT 1) "
    "FROM {tenant}.inbox_messages m JOIN {tenant}.inbox_conversations v ON v.id = m.conversation_id WHERE m.id = $1";
const Statement kThread{"provider_thread.find", kThreadSql};
const Statement kMessage{"provider_thread.find_message", kMessageSql};

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

Result<ProviderMessage> findProviderMessage(db::Pool& reads, const std::string& tenant, std::int64_t message_id) {
  const auto schema = SchemaName::fromSlug(tenant);
  const auto rows = reads.lease()->execute(kMessage, &*schema, Params().int8(message_id));
  if (rows.empty()) return notFound("message", message_id);
  return ProviderMessage{threadOf(rows), std::string(rows.text(0, 7))};
}

}  // namespace patchbay::inbox
