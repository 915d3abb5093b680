#include "inbox/dead_letters.hpp"

#include "base/crypto.hpp"
#include "connectors/manifest.hpp"
#include "delivery/outbox.hpp"
#include "inbox/mail_answer.hpp"
#include "inbox/mail_threads.hpp"
#include "inbox/outbound.hpp"
#include "inbox/outcome.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

constexpr Statement kMessage{"dead_letter.message",
                             "SELECT status, conversation_id, channel_name, attempts, possible_duplicate, "
                             "direction = 'out' AND NOT is_note AND ref IS NOT NULL "
                             "FROM {tenant}.inbox_messages WHERE id = $1"};
constexpr Statement kPending{
    "dead_letter.pending",
    "UPDATE {tenant}.inbox_messages SET status = 'pending', status_updated_at = $2, error = NULL, ref = $3, "
    "possible_duplicate = possible_duplicate OR $4 WHERE id = $1"};
// What has failed is not part of what is sent now; what has left stays.
constexpr Statement kForgetFailedParts{
    "dead_letter.forget_failed_parts",
    "DELETE FROM {tenant}.pb_message_parts WHERE message_id = $1 AND status = 'failed'"};
constexpr Statement kState{"dead_letter.state", "SELECT state FROM {tenant}.pb_outbox WHERE message_id = $1"};
constexpr Statement kDraft{
    "dead_letter.draft",
    "SELECT m.type, m.content, m.media, m.subject, m.quick_replies, m.template, m.extra, r.external_id, "
    "v.channel_name, v.address_kind, v.contact_identifier, v.reply_window_hours, v.last_inbound_at, "
    "CASE WHEN v.thread_key NOT LIKE 'contact:%' THEN v.thread_key END "
    "FROM {tenant}.inbox_messages m JOIN {tenant}.inbox_conversations v ON v.id = m.conversation_id "
    "LEFT JOIN {tenant}.inbox_messages r ON r.id = m.reply_to_id WHERE m.id = $1"};
constexpr Statement kEntries{
    "dead_letter.list",
    "SELECT o.message_id, o.state, o.channel_name, o.recipient, coalesce(m.type, ''), left(coalesce(m.content, ''), "
    "300), "
    "GREATEST(o.attempt, m.attempts), o.possible_duplicate, coalesce(o.last_error, m.error), o.created_at, "
    "o.expires_at, "
    "CASE WHEN o.state IN ('queued', 'unknown') THEN GREATEST(o.retry_at, o.not_before) END, o.settled_at "
    "FROM {tenant}.pb_outbox o JOIN {tenant}.inbox_messages m ON m.id = o.message_id "
    "WHERE o.state = ANY ($1::text[]) AND ($2::text IS NULL OR o.channel_name = $2) AND ($3::bigint IS NULL OR "
    "o.message_id = $3) AND o.message_id > $4 ORDER BY o.message_id LIMIT $5"};
constexpr Statement kAttempts{"dead_letter.attempts",
                              "SELECT attempt, step, started_at, finished_at, phase, http_status, provider_code, text "
                              "FROM {tenant}.pb_attempts WHERE message_id = $1 ORDER BY id"};

Error underWay(std::int64_t id) {
  return {ErrorKind::kConflict, "under_way",
          "Message " + std::to_string(id) + " is being sent right now; wait until its fate is known."};
}

Error notInOutbox(std::int64_t id) {
  return {ErrorKind::kNotFound, "not_in_outbox",
          "The outbox has no message " + std::to_string(id) + ": it was sent, dropped or never queued."};
}

void becomesPending(db::TenantWrite& write, const db::Actor& actor, std::int64_t id, std::int64_t conversation,
                    const std::string& ref, bool possible_duplicate) {
  write.queue(kForgetFailedParts, Params().int8(id));
  write.queue(kPending, Params().int8(id).timestamp(write.now()).uuid(ref).boolean(possible_duplicate));
  write.event("message.updated", actor,
              dumpJson(Json{{"conversation_id", conversation}, {"message_id", id}, {"status", "pending"}}));
}

/// The message as it was written once, and where it would leave now.
struct Remade {
  Draft draft;
  Outlet outlet;
  std::string channel_name;
};

std::optional<Remade> remake(db::TenantWrite& write, std::int64_t id) {
  const auto row = write.query(kDraft, Params().int8(id));
  if (row.empty()) return std::nullopt;
  Remade made;
  Draft& draft = made.draft;
  draft.direction = "out";
  draft.type = row.text(0, 0);
  draft.content = row.text(0, 1);
  draft.media = parseJson(row.text(0, 2));
  draft.subject = row.text(0, 3);
  if (!row.isNull(0, 4)) draft.quick_replies = parseJson(row.text(0, 4));
  if (!row.isNull(0, 5)) draft.message_template = parseJson(row.text(0, 5));
  draft.extra = row.isNull(0, 6) ? Json::object() : parseJson(row.text(0, 6));
  made.channel_name = row.text(0, 8);
  made.outlet.to = {std::string(row.text(0, 9)), std::string(row.text(0, 10))};
  if (!row.isNull(0, 7)) made.outlet.reply_to = std::string(row.text(0, 7));
  made.outlet.thread_key = row.text(0, 13);
  if (!row.isNull(0, 11))
    made.outlet.window_closes_at =
        row.isNull(0, 12) ? Timestamp{} : *row.timestamp(0, 12) + std::chrono::hours(row.int8(0, 11));
  return made;
}

constexpr Statement kSetMail{"message.set_mail", "UPDATE {tenant}.inbox_messages SET mail = $2 WHERE id = $1"};

}  // namespace

Result<Done> sendAgain(db::TenantWrite& write, const db::Actor& actor, std::int64_t message_id) {
  const auto message = write.query(kMessage, Params().int8(message_id));
  if (message.empty()) return notFound("message", message_id);
  const auto revived = delivery::revive(write, message_id, crypto::uuid4());
  if (revived.hand == delivery::Hand::kUnderWay) return underWay(message_id);
  if (revived.hand == delivery::Hand::kNotThere) return notInOutbox(message_id);
  becomesPending(write, actor, message_id, message.int8(0, 1), revived.ref, revived.possible_duplicate);
  return Done{};
}

Result<Done> dropMessage(db::TenantWrite& write, const db::Actor& actor, std::int64_t message_id) {
  const auto message = write.query(kMessage, Params().int8(message_id));
  if (message.empty()) return notFound("message", message_id);
  const auto hand = delivery::discard(write, message_id);
  if (hand == delivery::Hand::kUnderWay) return underWay(message_id);
  if (hand == delivery::Hand::kNotThere) return notInOutbox(message_id);
  SendOutcome outcome;
  outcome.kind = SendOutcome::Kind::kFailed;
  outcome.error = {"dropped", "", "given up by " + (actor.name.empty() ? actor.kind : actor.name)};
  outcome.attempts = static_cast<int>(message.int8(0, 3));
  outcome.possible_duplicate = message.boolean(0, 4);
  applySendOutcome(write, message_id, std::string(message.text(0, 2)), outcome);
  return Done{};
}

Result<Document> retryMessage(db::TenantWrite& write, const db::Actor& actor, std::int64_t message_id,
                              const FindChannel& find_channel) {
  const auto message = write.query(kMessage, Params().int8(message_id));
  if (message.empty()) return notFound("message", message_id);
  const auto state = write.query(kState, Params().int8(message_id));
  const std::string in_outbox(state.empty() ? "" : state.text(0, 0));
  const bool dead = in_outbox == "failed" || in_outbox == "held";
  if (!message.boolean(0, 5) || (!dead && (message.text(0, 0) != "failed" || !in_outbox.empty())))
    return Error{ErrorKind::kConflict, "not_retryable",
                 "Message " + std::to_string(message_id) + " is " + std::string(message.text(0, 0)) +
                     ": only an outbound message that has failed or is held can be sent again."};
  const auto made = remake(write, message_id);
  if (!made) return notFound("conversation", message.int8(0, 1));
  const auto channel = find_channel(write.slug(), made->channel_name);
  if (!channel)
    return invalid("channel_not_connected", "/id",
                   "channel '" + made->channel_name + "' of this conversation is not configured any more");
  if (auto error = checkDraft(made->draft, *channel, made->outlet, write.now())) return *error;
  if (dead) {
    const auto again = sendAgain(write, actor, message_id);
    if (!again.ok()) return again.error();
  } else {
    const std::string ref = crypto::uuid4();  // the provider has refused the old one
    std::optional<MailAnswer> mail;
    if (channel->manifest().mail) {  // another mail to the world, and another Message-ID
      mail = prepareMail(write, *channel, message.int8(0, 1), made->outlet.to.address, made->draft, ref);
      write.queue(kSetMail, Params().int8(message_id).jsonb(dumpJson(mail->shown)));
      rememberMailIds(write, {made->channel_name}, {mail->message_id}, {message.int8(0, 1)}, {message_id});
    }
    delivery::enqueue(write,
                      {made->channel_name, made->outlet.to.kind + ":" + made->outlet.to.address, message_id, ref,
                       operationJson(made->draft, message_id, ref, made->outlet, write.now(), mail ? &*mail : nullptr),
                       std::nullopt, channel->settings().ttl});
    becomesPending(write, actor, message_id, message.int8(0, 1), ref, false);
  }
  return readMessage(write, message_id);
}

std::vector<OutboxEntry> outboxEntries(db::Connection& connection, const db::SchemaName& schema,
                                       const OutboxQuery& query) {
  static const std::vector<std::string> kDead{"failed", "held"};
  const auto rows = connection.execute(kEntries, &schema,
                                       std::move(Params()
                                                     .textArray(query.states.empty() ? kDead : query.states)
                                                     .textOrNull(query.channel)
                                                     .optionalInt8(query.message_id)
                                                     .int8(query.after)
                                                     .int8(query.limit)));
  std::vector<OutboxEntry> entries;
  for (int i = 0; i < rows.size(); ++i) {
    OutboxEntry entry;
    entry.message_id = rows.int8(i, 0);
    entry.state = rows.text(i, 1);
    entry.channel = rows.text(i, 2);
    entry.recipient = rows.text(i, 3);
    entry.type = rows.text(i, 4);
    entry.text = rows.text(i, 5);
    entry.attempts = static_cast<int>(rows.int8(i, 6));
    entry.possible_duplicate = rows.boolean(i, 7);
    entry.error = rows.text(i, 8);
    entry.created_at = rows.timestamp(i, 9).value();
    entry.expires_at = rows.timestamp(i, 10).value();
    entry.next_at = rows.timestamp(i, 11);
    entry.settled_at = rows.timestamp(i, 12);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<Attempt> attemptsOf(db::Connection& connection, const db::SchemaName& schema, std::int64_t message_id) {
  const auto rows = connection.execute(kAttempts, &schema, std::move(Params().int8(message_id)));
  std::vector<Attempt> attempts;
  for (int i = 0; i < rows.size(); ++i)
    attempts.push_back({static_cast<int>(rows.int8(i, 0)), static_cast<int>(rows.int8(i, 1)),
                        rows.timestamp(i, 2).value(), rows.timestamp(i, 3), std::string(rows.text(i, 4)),
                        std::string(rows.text(i, 6)), std::string(rows.text(i, 7)), static_cast<int>(rows.int8(i, 5))});
  return attempts;
}

}  // namespace patchbay::inbox
