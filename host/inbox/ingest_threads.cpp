#include "inbox/ingest_job.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

// One that is open stays behind where the new key has an open one already: two conversations do not become one.
constexpr Statement kMoveThread{"thread.move", R"sql(
  UPDATE {tenant}.inbox_conversations v
  SET thread_key = $3, updated_at = $4, version = version + 1
  WHERE channel_name = $1 AND thread_key = $2
    AND (status = 'archived' OR NOT EXISTS (
      SELECT FROM {tenant}.inbox_conversations o
      WHERE o.channel_name = $1 AND o.thread_key = $3 AND o.status <> 'archived'))
  RETURNING id)sql"};

}  // namespace

std::string storedThread(const std::string& key) {
  return key.starts_with("contact:") ? "thread:" + key : key;
}

// A second delivery finds nothing under the old key.
void ingestThread(db::TenantWrite& write, const Arrival& change) {
  const std::string was = storedThread(change.event->thread_was), key = storedThread(change.event->thread_key);
  if (was == key) return;
  const auto moved = write.query(
      kMoveThread, Params().text(change.channel->settings().name).text(was).text(key).timestamp(write.now()));
  for (int i = 0; i < moved.size(); ++i)
    write.event("conversation.updated", {"system", {}, {}},
                dumpJson(Json{{"conversation_id", moved.int8(i, 0)}, {"changed", {"thread"}}}));
}

}  // namespace patchbay::inbox
