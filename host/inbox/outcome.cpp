#include "inbox/outcome.hpp"

#include "base/log.hpp"
#include "inbox/early_echoes.hpp"
#include "inbox/mail_threads.hpp"
#include "inbox/message_changes.hpp"
#include "inbox/status_writer.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

constexpr Statement kFindOutcome{
    "outcome.find",
    "SELECT m.conversation_id, m.status, p.provider_id, p.status FROM {tenant}.inbox_messages m "
    "LEFT JOIN {tenant}.pb_message_parts p ON p.message_id = m.id WHERE m.id = $1"};
constexpr Statement kUnpark{
    "outcome.unpark",
    "DELETE FROM {tenant}.pb_parked_statuses WHERE channel_name = $1 AND provider_id = ANY ($2::text[]) "
    "RETURNING provider_id, status, error, occurred_at"};
constexpr Statement kNote{
    "outcome.note",
    "UPDATE {tenant}.inbox_messages SET attempts = $2, possible_duplicate = possible_duplicate OR $3, "
    "error = CASE WHEN $4 THEN $5 ELSE error END WHERE id = $1"};
constexpr Statement kFail{
    "outcome.fail",
    "UPDATE {tenant}.inbox_messages SET status = 'failed', status_updated_at = $2, error = $3 WHERE id = $1"};
constexpr Statement kReplaceMedia{
    "media.replace",
    "UPDATE {tenant}.inbox_messages SET media = jsonb_set(media, ARRAY[$2::text], $3), "
    "media_url = CASE WHEN $2 = '0' THEN coalesce($3 ->> 'url', media_url) ELSE media_url END "
    "WHERE id = $1 AND jsonb_array_length(media) > $2::int RETURNING conversation_id"};

std::optional<connectors::EventError> parkedError(std::string_view json) {
  if (json.empty()) return std::nullopt;
  const Json error = parseJson(json);
  return connectors::EventError{error.value("class", ""), error.value("code", ""), error.value("text", "")};
}

void updatedEvent(db::TenantWrite& write, std::int64_t conversation_id, std::int64_t message_id) {
  write.event("message.updated", {"system", {}, {}},
              dumpJson(Json{{"conversation_id", conversation_id}, {"message_id", message_id}}));
}

}  // namespace

void applySendOutcome(db::TenantWrite& write, std::int64_t message_id, const std::string& channel_name,
                      const SendOutcome& outcome) {
  const auto rows = write.query(kFindOutcome, Params().int8(message_id));
  if (rows.empty()) return;  // erased while it was under way
  const auto conversation = rows.int8(0, 0);
  const std::string before(rows.text(0, 1));
  StatusWriter status(message_id, conversation, channel_name, before);
  for (int i = 0; i < rows.size(); ++i)
    if (!rows.isNull(i, 2)) status.knowPart(std::string(rows.text(i, 2)), std::string(rows.text(i, 3)));

  const bool unknown = outcome.kind == SendOutcome::Kind::kUnknown;
  const bool settled = before != "pending";
  Params note;
  note.int8(message_id).int4(outcome.attempts).boolean(outcome.possible_duplicate);
  note.boolean(!settled && (unknown || outcome.kind == SendOutcome::Kind::kSent));  // else a status said more
  unknown ? note.jsonb(errorJson(outcome.error)) : note.null();
  write.queue(kNote, std::move(note));

  const std::vector<std::string> channels(outcome.mail_ids.size(), channel_name);
  rememberMailIds(write, channels, outcome.mail_ids, std::vector(channels.size(), conversation),
                  std::vector(channels.size(), message_id));
  const bool sent = outcome.kind == SendOutcome::Kind::kSent;
  if (sent || !outcome.ids.empty()) {
    sent ? status.complete() : status.holdBack();
    if (outcome.perhaps_partial) status.remarkPerhapsPartial();
    write.queue(kUnpark, Params().text(channel_name).textArray(outcome.ids));
    queueParkedLookup(write, std::vector(outcome.ids.size(), channel_name), outcome.ids);
    queueEarlyEchoes(write, message_id, channel_name, outcome.ids);
    const auto answers = write.flush();  // what was queued before comes first
    const auto& parked = *(answers.end() - 3);
    const auto& changes = *(answers.end() - 2);
    takeOverEarlyEchoes(write, message_id, answers.back(), status);
    for (const auto& id : outcome.ids) status.apply(id, "sent", std::nullopt);
    for (int i = 0; i < parked.size(); ++i)
      status.apply(parked.text(i, 0), parked.text(i, 1), parkedError(parked.text(i, 2)));
    status.write(write);
    for (int i = 0; i < changes.size(); ++i) applyParkedChanges(write, channel_name, std::string(changes.text(i, 1)));
  }
  if (outcome.kind == SendOutcome::Kind::kFailed && (before == "pending" || before == "sent")) {
    write.queue(kFail, Params().int8(message_id).timestamp(write.now()).jsonb(errorJson(outcome.error)));
    write.event("message.failed", {"system", {}, {}},
                dumpJson(Json{{"conversation_id", conversation},
                              {"message_id", message_id},
                              {"status", "failed"},
                              {"error", parseJson(errorJson(outcome.error))}}));
  }
  if (unknown && !settled) updatedEvent(write, conversation, message_id);
}

void replaceMedia(db::TenantWrite& write, std::int64_t message_id, int index, const std::string& item) {
  const auto rows = write.query(kReplaceMedia, Params().int8(message_id).text(std::to_string(index)).jsonb(item));
  if (!rows.empty()) updatedEvent(write, rows.int8(0, 0), message_id);
}

}  // namespace patchbay::inbox
