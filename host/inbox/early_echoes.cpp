#include "inbox/early_echoes.hpp"

#include <patchbay/json.hpp>

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

// What a person recorded or noted is no echo, and what has a ref was sent by us.
constexpr Statement kFindEarly{"echo.find_early", R"sql(
  SELECT p.channel_name, p.provider_id, p.status, e.id, e.conversation_id
  FROM {tenant}.pb_message_parts p JOIN {tenant}.inbox_messages e ON e.id = p.message_id
  WHERE p.channel_name = $1 AND p.provider_id = ANY ($2::text[]) AND e.id <> $3
    AND e.direction = 'out' AND e.ref IS NULL AND NOT e.recorded AND NOT e.is_note)sql"};
constexpr Statement kTakePart{"echo.take_part", R"sql(
  UPDATE {tenant}.pb_message_parts p
  SET message_id = $3, part = (SELECT count(*) FROM {tenant}.pb_message_parts o WHERE o.message_id = $3)
  WHERE p.channel_name = $1 AND p.provider_id = $2)sql"};
// The provider's time is what watermarks are compared with.
constexpr Statement kTakeNews{"echo.take_news", R"sql(
  UPDATE {tenant}.inbox_messages m
  SET provider_timestamp = coalesce(m.provider_timestamp, e.provider_timestamp),
    reactions = CASE WHEN m.reactions = '{}' THEN e.reactions ELSE m.reactions END,
    reacted_at = coalesce(e.reacted_at || m.reacted_at, e.reacted_at, m.reacted_at)
  FROM {tenant}.inbox_messages e WHERE m.id = $2 AND e.id = $1)sql"};
constexpr Statement kRequote{"echo.requote",
                             "UPDATE {tenant}.inbox_messages SET reply_to_id = $2 "
                             "WHERE conversation_id = $3 AND reply_to_id = $1"};
constexpr Statement kRemove{"echo.remove", "DELETE FROM {tenant}.inbox_messages WHERE id = $1"};
constexpr Statement kUncount{"echo.uncount", R"sql(
  UPDATE {tenant}.inbox_conversations SET message_count = message_count - 1, updated_at = $2, version = version + 1
  WHERE id = $1)sql"};

}  // namespace

void queueEarlyEchoes(db::TenantWrite& write, std::int64_t message_id, const std::string& channel_name,
                      const std::vector<std::string>& provider_ids) {
  write.queue(kFindEarly, Params().text(channel_name).textArray(provider_ids).int8(message_id));
}

void takeOverEarlyEchoes(db::TenantWrite& write, std::int64_t message_id, const db::Rows& found, StatusWriter& status) {
  for (int i = 0; i < found.size(); ++i) {
    const auto echo = found.int8(i, 3), conversation = found.int8(i, 4);
    write.queue(kTakePart, Params().text(found.text(i, 0)).text(found.text(i, 1)).int8(message_id));
    write.queue(kTakeNews, Params().int8(echo).int8(message_id));
    write.queue(kRequote, Params().int8(echo).int8(message_id).int8(conversation));
    write.queue(kRemove, Params().int8(echo));
    write.queue(kUncount, Params().int8(conversation).timestamp(write.now()));
    status.knowPart(std::string(found.text(i, 1)), std::string(found.text(i, 2)));
    write.event("message.merged", {"system", {}, {}},
                dumpJson(Json{{"conversation_id", conversation}, {"message_id", echo}, {"into", message_id}}));
  }
}

}  // namespace patchbay::inbox
