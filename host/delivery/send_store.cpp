#include "delivery/send_store.hpp"

#include <algorithm>
#include <map>

#include "base/crypto.hpp"
#include "delivery/status_ask.hpp"
#include "delivery/verdict.hpp"

namespace patchbay::delivery {
namespace {

using db::Params;
using db::Statement;

// Fence, state and attempt row in one statement: what has lost its lease falls out at the first step.
constexpr Statement kBegin{"outbox.begin", R"sql(
    WITH item AS (SELECT *
      FROM unnest($4::text[], $5::text[], $6::uuid[], $7::int8[], $8::int4[], $9::int4[], $10::text[],
          $11::text[], $12::int4[], $13::int4[], $14::text[], $15::int4[], $16::int4[]) AS i (channel_name,
          recipient, token, id, attempt, step, carry, version, unsafe, duplicate, operation, parts_done, completes)),
    fence AS (UPDATE patchbay.send_queue q
      SET leased_until = $3
      FROM item i
      WHERE q.tenant = $1 AND q.channel_name = i.channel_name AND q.recipient = i.recipient AND q.lease_token
          = i.token
      RETURNING q.lease_token),
    started AS (UPDATE {tenant}.pb_outbox o
      SET state = 'started', step = i.step, carry = decode(i.carry, 'hex'), version = i.version, unsafe =
          i.unsafe <> 0, possible_duplicate = o.possible_duplicate OR i.duplicate <> 0, operation =
          coalesce(i.operation::jsonb, o.operation), parts_done = i.parts_done, completes = i.completes <> 0,
          started_at = $2
      FROM item i
      JOIN fence f
      ON f.lease_token = i.token
      WHERE o.id = i.id AND o.state NOT IN ('held', 'failed')
      RETURNING o.id, o.message_id)
    INSERT INTO {tenant}.pb_attempts (message_id, attempt, step, started_at)
    SELECT s.message_id, i.attempt, i.step, $2
      FROM started s
      JOIN item i
      ON i.id = s.id
    ORDER BY s.id
      RETURNING id, message_id)sql"};

constexpr Statement kEndAttempts{"attempt.end", R"sql(
    UPDATE {tenant}.pb_attempts a
      SET finished_at = $1, phase = i.phase, http_status = i.http_status, provider_code = i.code, text =
          i.text
      FROM unnest($2::int8[], $3::text[], $4::int4[], $5::text[], $6::text[]) AS i (id, phase, http_status,
          code, text)
      WHERE a.id = i.id)sql"};

constexpr Statement kFence{"send_queue.fence", R"sql(
    SELECT q.lease_token
      FROM patchbay.send_queue q
      JOIN unnest($2::text[], $3::text[], $4::uuid[]) AS i (channel_name, recipient, token)
      ON q.channel_name = i.channel_name AND q.recipient = i.recipient AND q.lease_token = i.token
      WHERE q.tenant = $1 FOR UPDATE OF q)sql"};

constexpr Statement kStateOf{"outbox.state", "SELECT state FROM {tenant}.pb_outbox WHERE id = $1"};
constexpr Statement kSettled{"outbox.settled",
                             "SELECT FROM {tenant}.pb_outbox WHERE id = $1 AND parts_seen > parts_done"};
constexpr Statement kDelete{"outbox.delete", "DELETE FROM {tenant}.pb_outbox WHERE id = ANY ($1::int8[])"};
constexpr Statement kReturn{"outbox.return", R"sql(
    UPDATE {tenant}.pb_outbox o
      SET state = i.state, retry_at = i.retry_at, attempt = i.attempt, deferrals = i.deferrals,
          possible_duplicate = o.possible_duplicate OR i.duplicate <> 0, last_error = coalesce(i.error::jsonb,
          o.last_error), carry = CASE WHEN i.new_carry <> 0 THEN decode(i.carry, 'hex') ELSE o.carry END,
          version = CASE WHEN i.new_carry <> 0 THEN i.version ELSE o.version END,
          settled_at = CASE WHEN i.state IN ('held', 'failed') THEN $11 END
      FROM unnest($1::int8[], $2::text[], $3::timestamptz[], $4::int4[], $5::int4[], $6::int4[], $7::text[],
          $8::int4[], $9::text[], $10::text[]) AS i (id, state, retry_at, attempt, deferrals, duplicate,
          error, new_carry, carry, version)
      WHERE o.id = i.id AND o.state NOT IN ('held', 'failed'))sql"};
// Old ones go with the new ones, a few at a time and more than come, so that no job has to.
constexpr auto kKeepFailed = std::chrono::days(30);
constexpr Statement kPurge{"outbox.purge", R"sql(
    DELETE FROM {tenant}.pb_outbox
      WHERE id IN (SELECT id FROM {tenant}.pb_outbox
      WHERE state = 'failed' AND settled_at < $1 ORDER BY settled_at LIMIT $2))sql"};

// The recipient's row follows from what is left of its messages; it goes when nothing is.
constexpr Statement kReleaseSend{"send_queue.release", R"sql(
    UPDATE patchbay.send_queue q
      SET lease_token = NULL, leased_until = NULL, pending = n.pending, available_at =
          GREATEST(coalesce(n.head, n.scheduled, $2), i.not_before), expires_at = coalesce(n.expires, 'infinity'),
          oldest_at = coalesce(n.oldest, $2)
      FROM unnest($3::text[], $4::text[], $5::uuid[], $6::timestamptz[]) AS i (channel_name, recipient, token,
          not_before)
      CROSS JOIN LATERAL (SELECT count(*) AS pending, min(o.not_before) FILTER (WHERE o.not_before > $2) AS
          scheduled, (array_agg(coalesce(o.retry_at, $2) ORDER BY o.id) FILTER (WHERE o.not_before IS NULL OR
          o.not_before <= $2))[1] AS head, min(o.expires_at) FILTER (WHERE o.state = 'queued') AS expires,
          min(o.created_at) AS oldest
      FROM {tenant}.pb_outbox o
      WHERE o.channel_name = i.channel_name AND o.recipient = i.recipient AND o.state NOT IN ('held', 'failed')) n
      WHERE q.tenant = $1 AND q.channel_name = i.channel_name AND q.recipient = i.recipient AND q.lease_token
          = i.token
      RETURNING i.token, q.pending > 0 AND q.available_at <= $2)sql"};
constexpr Statement kRemoveEmpty{"send_queue.remove_empty", R"sql(
    DELETE FROM patchbay.send_queue q
      USING unnest($2::text[], $3::text[]) AS i (channel_name, recipient)
      WHERE q.tenant = $1 AND q.channel_name = i.channel_name AND q.recipient = i.recipient AND q.pending = 0
          AND q.lease_token IS NULL)sql"};

// A lease that has run out is taken back, so that who had it cannot begin with what is given up here.
constexpr Statement kTakeExpired{"send_queue.take_expired", R"sql(
    UPDATE patchbay.send_queue q
      SET lease_token = NULL, leased_until = NULL
      FROM unnest($3::text[], $4::text[]) AS i (channel_name, recipient)
      WHERE q.tenant = $1 AND q.channel_name = i.channel_name AND q.recipient = i.recipient AND (q.lease_token IS NULL OR
          q.leased_until <= $2)
      RETURNING q.channel_name, q.recipient)sql"};
constexpr std::int64_t kMostExpired = 500;  // in one transaction; the rest is found by the next sweep
constexpr Statement kExpire{"outbox.expire", R"sql(
    UPDATE {tenant}.pb_outbox o
      SET state = 'failed', settled_at = $1
      FROM (SELECT o.id
      FROM unnest($2::text[], $3::text[]) AS i (channel_name, recipient)
      JOIN {tenant}.pb_outbox o
      ON o.channel_name = i.channel_name AND o.recipient = i.recipient
      WHERE o.state = 'queued' AND o.expires_at <= $1
      ORDER BY o.id LIMIT $4) e
      WHERE o.id = e.id
      RETURNING o.message_id, o.channel_name, o.attempt, o.possible_duplicate, o.last_error)sql"};

constexpr Statement kSaveDue{"due.save", R"sql(
    UPDATE patchbay.due
      SET payload = $3, leased_until = $4
      WHERE id = $1 AND lease_token = $2
      RETURNING id)sql"};
constexpr Statement kEndDue{"due.end", "DELETE FROM patchbay.due WHERE id = $1 AND lease_token = $2 RETURNING id"};
constexpr Statement kAgainDue{"due.again", R"sql(
    UPDATE patchbay.due
      SET run_at = $3, attempt = attempt + 1, lease_token = NULL, leased_until = NULL
      WHERE id = $1 AND lease_token = $2
      RETURNING id)sql"};

std::optional<std::string> hex(const std::optional<std::string>& bytes) {
  return bytes ? std::optional(crypto::hexEncode(*bytes)) : std::nullopt;
}

/// Columns of kEndAttempts, gathered.
struct EndedAttempts {
  std::vector<std::int64_t> ids;
  std::vector<std::string> phases, codes, texts;
  std::vector<std::int32_t> statuses;

  void add(std::int64_t id, const StepSummary& summary, const std::string& code, const std::string& text) {
    ids.push_back(id);
    phases.push_back(summary.phase);
    statuses.push_back(summary.http_status);
    codes.push_back(code);
    texts.push_back(text.empty() ? summary.text : text);
  }
  void queue(db::TenantWrite& write) const {
    if (ids.empty()) return;
    write.queue(kEndAttempts, Params()
                                  .timestamp(write.now())
                                  .int8Array(ids)
                                  .textArray(phases)
                                  .int4Array(statuses)
                                  .textOrNullArray(codes)
                                  .textOrNullArray(texts));
  }
};

void askLater(db::TenantWrite& write, const FinishItem& item) {
  if (!item.ask_after) return;
  const Timestamp first = write.now() + *item.ask_after;
  schedule(write, {"status", item.lease.channel_name, statusAskPayload(item.message_id, first), first});
}

bool isSettled(db::TenantWrite& write, std::int64_t outbox_id) {
  return !write.query(kSettled, Params().int8(outbox_id)).empty();
}

connectors::EventError errorOf(std::string_view json) {
  const Json error = parseJson(json);
  return {error.value("class", ""), error.value("code", ""), error.value("text", "")};
}

std::string errorText(const connectors::EventError& error) {
  return dumpJson(Json{{"class", error.error_class}, {"code", error.code}, {"text", error.text}});
}

}  // namespace

std::vector<std::int64_t> beginSteps(db::TenantWrite& write, const std::vector<const BeginItem*>& items,
                                     Timestamp lease_until) {
  std::vector<std::string> channels, recipients, tokens, versions;
  std::vector<std::int64_t> ids;
  std::vector<std::int32_t> attempts, steps, unsafe, duplicate, parts, completes;
  std::vector<std::optional<std::string>> carries, operations;
  EndedAttempts ended;
  for (const auto* item : items) {
    channels.push_back(item->lease.channel_name);
    recipients.push_back(item->lease.recipient);
    tokens.push_back(item->lease.token);
    ids.push_back(item->outbox_id);
    attempts.push_back(item->attempt);
    steps.push_back(item->step);
    carries.push_back(hex(item->carry));
    versions.push_back(item->version);
    unsafe.push_back(item->unsafe);
    duplicate.push_back(item->possible_duplicate);
    operations.push_back(item->operation);
    parts.push_back(item->parts_done);
    completes.push_back(item->completes);
    if (item->previous_attempt_id && item->before) ended.add(item->previous_attempt_id, *item->before, {}, {});
  }
  ended.queue(write);
  const auto rows = write.query(kBegin, Params()
                                            .text(write.slug())
                                            .timestamp(write.now())
                                            .timestamp(lease_until)
                                            .textArray(channels)
                                            .textArray(recipients)
                                            .uuidArray(tokens)
                                            .int8Array(ids)
                                            .int4Array(attempts)
                                            .int4Array(steps)
                                            .nullableTextArray(carries)
                                            .textArray(versions)
                                            .int4Array(unsafe)
                                            .int4Array(duplicate)
                                            .nullableTextArray(operations)
                                            .int4Array(parts)
                                            .int4Array(completes));
  std::map<std::int64_t, std::int64_t> by_message;  // a message has one row, and its recipient one lease
  for (int i = 0; i < rows.size(); ++i) by_message[rows.int8(i, 1)] = rows.int8(i, 0);
  std::vector<std::int64_t> attempt_ids;
  for (const auto* item : items) {
    const auto found = by_message.find(item->message_id);
    attempt_ids.push_back(found == by_message.end() ? 0 : found->second);
    if (found != by_message.end())
      for (const auto& file : item->files) media::add(write, file);
  }
  return attempt_ids;
}

std::vector<Finished> finishSends(db::TenantWrite& write, const std::vector<const FinishItem*>& items) {
  std::vector<std::string> channels, recipients, tokens;
  for (const auto* item : items) {
    channels.push_back(item->lease.channel_name);
    recipients.push_back(item->lease.recipient);
    tokens.push_back(item->lease.token);
  }
  const auto held =
      write.query(kFence, Params().text(write.slug()).textArray(channels).textArray(recipients).uuidArray(tokens));
  std::vector<std::string> valid;
  for (int i = 0; i < held.size(); ++i) valid.emplace_back(held.text(i, 0));

  std::vector<Finished> finished;
  std::vector<std::int64_t> gone, returned;
  std::vector<std::string> states, versions, free_channels, free_recipients, free_tokens;
  std::vector<std::optional<Timestamp>> retry_at, rest_until;
  std::vector<std::int32_t> attempts, deferrals, duplicate, new_carry;
  std::vector<std::optional<std::string>> errors, carries;
  EndedAttempts ended;
  for (const auto* item : items) {
    const bool ours = std::find(valid.begin(), valid.end(), item->lease.token) != valid.end();
    finished.push_back({ours, false});
    const auto* outcome = item->outcome ? &*item->outcome : nullptr;
    if (item->attempt_id && item->summary) {
      const auto* error = outcome ? &outcome->error : item->last_error ? &*item->last_error : nullptr;
      ended.add(item->attempt_id, *item->summary, error ? error->code : "", error ? error->text : "");
    }
    if (!ours) {
      // Somebody else took the recipient over while we were cut off. That the message went is still the truth.
      if (!outcome || outcome->kind != inbox::SendOutcome::Kind::kSent) continue;
      const auto state = write.query(kStateOf, Params().int8(item->outbox_id));
      if (!state.empty() && state.text(0, 0) != "unknown" && state.text(0, 0) != "held" && state.text(0, 0) != "failed")
        continue;
      inbox::applySendOutcome(write, item->message_id, item->lease.channel_name, *outcome);
      forget(write, item->message_id);
      continue;
    }
    // A status that came by our ref has told already what the lost answer would have.
    const bool settled = item->row == FinishItem::Row::kUnknown && isSettled(write, item->outbox_id);
    if (outcome) {
      auto known = *outcome;
      if (settled) known.kind = inbox::SendOutcome::Kind::kSent;
      known.perhaps_partial = settled && !item->completes;
      inbox::applySendOutcome(write, item->message_id, item->lease.channel_name, known);
      if (known.kind == inbox::SendOutcome::Kind::kSent) askLater(write, *item);
    }
    free_channels.push_back(item->lease.channel_name);
    free_recipients.push_back(item->lease.recipient);
    free_tokens.push_back(item->lease.token);
    rest_until.push_back(item->not_before);
    if (item->row == FinishItem::Row::kKeep) continue;
    if (item->row == FinishItem::Row::kDelete || settled) {
      gone.push_back(item->outbox_id);
      continue;
    }
    returned.push_back(item->outbox_id);
    states.emplace_back(item->row == FinishItem::Row::kQueue    ? "queued"
                        : item->row == FinishItem::Row::kHold   ? "held"
                        : item->row == FinishItem::Row::kFailed ? "failed"
                                                                : "unknown");
    retry_at.push_back(item->retry_at);
    attempts.push_back(item->attempt);
    deferrals.push_back(item->deferrals);
    duplicate.push_back(item->possible_duplicate);
    errors.push_back(item->last_error ? std::optional(errorText(*item->last_error)) : std::nullopt);
    new_carry.push_back(item->new_carry);
    carries.push_back(hex(item->carry));
    versions.push_back(item->version);
  }
  ended.queue(write);
  if (!gone.empty()) write.queue(kDelete, Params().int8Array(gone));
  if (!returned.empty())
    write.queue(kReturn, Params()
                             .int8Array(returned)
                             .textArray(states)
                             .nullableTimestampArray(retry_at)
                             .int4Array(attempts)
                             .int4Array(deferrals)
                             .int4Array(duplicate)
                             .nullableTextArray(errors)
                             .int4Array(new_carry)
                             .nullableTextArray(carries)
                             .textArray(versions)
                             .timestamp(write.now()));
  if (const auto dead = std::count(states.begin(), states.end(), "failed"); dead > 0)
    write.queue(kPurge, Params().timestamp(write.now() - kKeepFailed).int8(2 * dead));
  if (!free_tokens.empty()) {
    const auto released = write.query(kReleaseSend, Params()
                                                        .text(write.slug())
                                                        .timestamp(write.now())
                                                        .textArray(free_channels)
                                                        .textArray(free_recipients)
                                                        .uuidArray(free_tokens)
                                                        .nullableTimestampArray(rest_until));
    for (int i = 0; i < released.size(); ++i)
      for (std::size_t n = 0; n < items.size(); ++n)
        if (released.text(i, 0) == items[n]->lease.token) finished[n].more = released.boolean(i, 1);
    write.queue(kRemoveEmpty, Params().text(write.slug()).textArray(free_channels).textArray(free_recipients));
  }
  write.flush();
  return finished;
}

std::size_t expireMessages(db::TenantWrite& write, const std::vector<RecipientLease>& recipients) {
  std::vector<std::string> channels, names;
  for (const auto& one : recipients) {
    channels.push_back(one.channel_name);
    names.push_back(one.recipient);
  }
  const auto ours = write.query(
      kTakeExpired, Params().text(write.slug()).timestamp(write.now()).textArray(channels).textArray(names));
  channels.clear();
  names.clear();
  for (int i = 0; i < ours.size(); ++i) {
    channels.emplace_back(ours.text(i, 0));
    names.emplace_back(ours.text(i, 1));
  }
  const auto gone =
      write.query(kExpire, Params().timestamp(write.now()).textArray(channels).textArray(names).int8(kMostExpired));
  for (int i = 0; i < gone.size(); ++i) {
    inbox::SendOutcome outcome;
    outcome.kind = inbox::SendOutcome::Kind::kFailed;
    outcome.error = expiredError(gone.isNull(i, 4) ? connectors::EventError{} : errorOf(gone.text(i, 4)));
    outcome.attempts = static_cast<int>(gone.int8(i, 2));
    outcome.possible_duplicate = gone.boolean(i, 3);
    inbox::applySendOutcome(write, gone.int8(i, 0), std::string(gone.text(i, 1)), outcome);
  }
  recount(write, channels, names);
  write.flush();
  return static_cast<std::size_t>(gone.size());
}

bool saveDue(db::TenantWrite& write, const DueLease& lease, const std::string& payload, Timestamp leased_until) {
  return !write.query(kSaveDue, Params().int8(lease.id).uuid(lease.token).jsonb(payload).timestamp(leased_until))
              .empty();
}

bool finishDue(db::TenantWrite& write, const DueLease& lease, std::optional<Timestamp> retry_at) {
  if (!retry_at) return !write.query(kEndDue, Params().int8(lease.id).uuid(lease.token)).empty();
  return !write.query(kAgainDue, Params().int8(lease.id).uuid(lease.token).timestamp(*retry_at)).empty();
}

}  // namespace patchbay::delivery
