#include "inbox/channel_activity.hpp"

namespace patchbay::inbox {
namespace {

using db::Statement;

// The newest messages are found by the primary key, so this stays a matter of milliseconds however many there are. A
// channel that is quiet beside a busy one has its times in the conversations.
constexpr Statement kActivity{"channel.activity", R"sql(
  WITH recent AS (
    SELECT id, channel_name, direction, status, status_updated_at, created_at, is_note, recorded, error
    FROM {tenant}.inbox_messages ORDER BY id DESC LIMIT 10000
  ), notices AS (
    SELECT DISTINCT ON (data->>'channel_name') data->>'channel_name' AS channel_name, jsonb_build_object(
      'at', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'class', data->'class', 'code', data->'code', 'text', data->'text') AS notice
    FROM (SELECT * FROM {tenant}.pb_events ORDER BY seq DESC LIMIT 10000) e
    WHERE type = 'inbox_channel.health_changed' ORDER BY data->>'channel_name', seq DESC
  ), errors AS (
    SELECT DISTINCT ON (channel_name) channel_name, jsonb_build_object(
      'at', to_char(status_updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'message_id', id,
      'class', error->'class', 'code', error->'code', 'text', error->'text') AS error
    FROM recent WHERE status = 'failed' AND error IS NOT NULL ORDER BY channel_name, status_updated_at DESC
  ), times AS (
    SELECT channel_name, max(created_at) FILTER (WHERE direction = 'in' AND NOT recorded) AS inbound,
      max(created_at) FILTER (WHERE direction = 'out' AND NOT is_note AND status IN ('sent', 'delivered', 'read')) AS outbound
    FROM recent WHERE channel_name IS NOT NULL GROUP BY channel_name
  ), known AS (
    SELECT channel_name, max(last_inbound_at) AS inbound FROM {tenant}.inbox_conversations
    WHERE channel_name IS NOT NULL GROUP BY channel_name
  )
  SELECT name, jsonb_build_object(
    'last_inbound_at', to_char(coalesce(t.inbound, k.inbound) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'last_outbound_at', to_char(t.outbound AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'last_error', e.error, 'last_notice', n.notice)
  FROM (SELECT channel_name AS name FROM known UNION SELECT channel_name FROM times UNION SELECT channel_name FROM notices
        WHERE channel_name IS NOT NULL) names
  LEFT JOIN times t ON t.channel_name = name LEFT JOIN known k ON k.channel_name = name
  LEFT JOIN errors e ON e.channel_name = name LEFT JOIN notices n ON n.channel_name = name)sql"};

}  // namespace

std::map<std::string, Json> channelActivity(db::Pool& reads, const std::string& tenant) {
  const auto schema = db::SchemaName::fromSlug(tenant);
  const auto rows = reads.lease()->execute(kActivity, &*schema);
  std::map<std::string, Json> found;
  for (int i = 0; i < rows.size(); ++i) found[std::string(rows.text(i, 0))] = parseJson(rows.text(i, 1));
  return found;
}

}  // namespace patchbay::inbox
