#include "inbox/reactions.hpp"

#include <utility>

#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

// The time is kept where nothing is left of a reaction too: one that was taken back must not come again late.
constexpr Statement kReact{"reaction.set", R"sql(
  UPDATE {tenant}.inbox_messages m
  SET reactions = n.reactions, reacted_at = coalesce(m.reacted_at, '{}') || jsonb_build_object($2::text, $4::text)
  FROM (SELECT coalesce(jsonb_object_agg(emoji, people), '{}') AS reactions FROM (
      SELECT emoji, jsonb_agg(person ORDER BY person) AS people FROM (
        SELECT e.key AS emoji, p.value AS person
        FROM {tenant}.inbox_messages o, jsonb_each(o.reactions) e, jsonb_array_elements_text(e.value) p
        WHERE o.id = $1 AND NOT (p.value = $2 AND e.key <> $3)
        UNION SELECT $3, $2 WHERE $3 <> '') kept
      GROUP BY emoji) grouped) n,
    (SELECT reactions FROM {tenant}.inbox_messages WHERE id = $1) before
  WHERE m.id = $1 AND coalesce(m.reacted_at ->> $2, '') <= $4
  RETURNING n.reactions <> before.reactions)sql"};
constexpr Statement kConversationOf{"reaction.conversation",
                                    "SELECT conversation_id FROM {tenant}.inbox_messages WHERE id = $1"};

}  // namespace

bool setReaction(db::TenantWrite& write, std::int64_t message_id, const std::string& who, const std::string& emoji,
                 Timestamp at) {
  Params params;
  params.int8(message_id).text(who).text(emoji).text(formatRfc3339(at));
  const auto set = write.query(kReact, std::move(params));
  return !set.empty() && set.boolean(0, 0);
}

void noteReaction(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, std::string emoji,
                  Reply reply) {
  submitWrite(
      lanes, context,
      [actor = context.actor, message_id, emoji = std::move(emoji)](db::TenantWrite& write) -> Result<Document> {
        const auto row = write.query(kConversationOf, Params().int8(message_id));
        if (row.empty()) return notFound("message", message_id);
        if (setReaction(write, message_id, kBusiness, emoji, write.now()))
          write.event(emoji.empty() ? "reaction.removed" : "reaction.added", actor,
                      dumpJson(Json{{"conversation_id", row.int8(0, 0)},
                                    {"message_id", message_id},
                                    {"emoji", emoji.empty() ? Json() : Json(emoji)}}));
        return readMessage(write, message_id);
      },
      std::move(reply));
}

}  // namespace patchbay::inbox
