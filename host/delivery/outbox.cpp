#include "delivery/outbox.hpp"

namespace patchbay::delivery {
namespace {

using db::Params;
using db::Statement;

constexpr Statement kInsert{"outbox.insert", R"sql(
    INSERT INTO {tenant}.pb_outbox (message_id, channel_name, recipient, ref, operation, not_before,
        expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql"};

// Another message of the recipient may be waiting for its retry: LEAST makes it due too early, the dispatcher then sees
// that its time has not come and puts it back. A scheduled message later than that changes nothing.
constexpr Statement kQueue{"send_queue.add", R"sql(
    INSERT INTO patchbay.send_queue AS q (tenant, channel_name, recipient, pending, available_at, expires_at,
        oldest_at) VALUES ($1, $2, $3, 1, $4, $5, $6)
      ON CONFLICT (tenant, channel_name, recipient) DO UPDATE SET pending = q.pending + 1, available_at =
          LEAST(q.available_at, excluded.available_at), expires_at = LEAST(q.expires_at, excluded.expires_at),
          oldest_at = LEAST(q.oldest_at, excluded.oldest_at))sql"};

constexpr Statement kSchedule{"due.insert", R"sql(
    INSERT INTO patchbay.due (tenant, channel_name, kind, payload, run_at, created_at) VALUES ($1, $2, $3, $4,
        $5, $6))sql"};

// Both halves see the row as it was before, so exactly one of them applies.
constexpr Statement kSettle{"outbox.settle", R"sql(
    WITH noted AS (UPDATE {tenant}.pb_outbox
      SET parts_seen = parts_seen + 1
      WHERE message_id = $1 AND NOT (state IN ('unknown', 'held') AND parts_seen + 1 > parts_done)
      RETURNING 1)
    DELETE FROM {tenant}.pb_outbox
      WHERE message_id = $1 AND state IN ('unknown', 'held') AND parts_seen + 1 > parts_done
      RETURNING channel_name, recipient, state <> 'held', completes)sql"};
constexpr Statement kForget{"outbox.forget", R"sql(
    DELETE FROM {tenant}.pb_outbox
      WHERE message_id = $1
      RETURNING channel_name, recipient, state NOT IN ('held', 'failed'))sql"};

// A row that a dispatcher has leased stays: it is the dispatcher's to release when its request has ended.
constexpr Statement kTakeOut{"send_queue.take_out", R"sql(
    WITH less AS (UPDATE patchbay.send_queue
      SET pending = GREATEST(pending - 1, 0), available_at = LEAST(available_at, $4)
      WHERE tenant = $1 AND channel_name = $2 AND recipient = $3 AND (pending > 1 OR lease_token IS NOT NULL)
      RETURNING 1)
    DELETE FROM patchbay.send_queue
      WHERE tenant = $1 AND channel_name = $2 AND recipient = $3 AND pending <= 1 AND lease_token IS NULL AND
          NOT EXISTS (SELECT FROM less))sql"};

// The clock starts anew: the time to live is the one it was given.
constexpr Statement kRevive{"outbox.revive", R"sql(
    UPDATE {tenant}.pb_outbox o
      SET state = 'queued', attempt = 0, deferrals = 0, retry_at = NULL, not_before = NULL, settled_at = NULL, insist = true,
          expires_at = $2 + (o.expires_at - GREATEST(o.created_at, coalesce(o.not_before, o.created_at))), created_at = $2,
          possible_duplicate = n.duplicate, ref = n.ref, operation = jsonb_set(o.operation, '{ref}', to_jsonb(n.ref::text))
      FROM (SELECT id, CASE WHEN state = 'failed' AND carry IS NULL AND last_error ->> 'class' IS DISTINCT FROM 'unknown'
          THEN $3 ELSE ref END AS ref,
          possible_duplicate OR state IN ('held', 'unknown') OR coalesce(last_error ->> 'class' = 'unknown', false) OR carry IS NULL AND EXISTS (SELECT
          FROM {tenant}.pb_message_parts p
          WHERE p.message_id = $1 AND p.status <> 'failed') AS duplicate
          FROM {tenant}.pb_outbox
          WHERE message_id = $1) n
      WHERE o.id = n.id AND o.state <> 'started'
      RETURNING o.channel_name, o.recipient, o.ref, o.possible_duplicate)sql"};
constexpr Statement kDiscard{"outbox.discard", R"sql(
    DELETE FROM {tenant}.pb_outbox
      WHERE message_id = $1 AND state <> 'started'
      RETURNING channel_name, recipient)sql"};
constexpr Statement kThere{"outbox.there", "SELECT FROM {tenant}.pb_outbox WHERE message_id = $1"};

constexpr Statement kRecount{"send_queue.recount", R"sql(
    INSERT INTO patchbay.send_queue AS q (tenant, channel_name, recipient, pending, available_at, expires_at, oldest_at)
    SELECT $1, i.channel_name, i.recipient, n.pending, coalesce(n.head, n.scheduled, $2), coalesce(n.expires, 'infinity'),
        coalesce(n.oldest, $2)
      FROM (SELECT DISTINCT * FROM unnest($3::text[], $4::text[]) AS u (channel_name, recipient)) i
      CROSS JOIN LATERAL (SELECT count(*) AS pending, min(o.not_before) FILTER (WHERE o.not_before > $2) AS scheduled,
          (array_agg(coalesce(o.retry_at, $2) ORDER BY o.id) FILTER (WHERE o.not_before IS NULL OR o.not_before <=
          $2))[1] AS head, min(o.expires_at) FILTER (WHERE o.state = 'queued') AS expires, min(o.created_at) AS oldest
      FROM {tenant}.pb_outbox o
      WHERE o.channel_name = i.channel_name AND o.recipient = i.recipient AND o.state NOT IN ('held', 'failed')) n
      ON CONFLICT (tenant, channel_name, recipient) DO UPDATE SET pending = excluded.pending, available_at =
          excluded.available_at, expires_at = excluded.expires_at, oldest_at = excluded.oldest_at)sql"};
constexpr Statement kRemoveEmpty{"send_queue.remove_counted", R"sql(
    DELETE FROM patchbay.send_queue q
      USING unnest($2::text[], $3::text[]) AS i (channel_name, recipient)
      WHERE q.tenant = $1 AND q.channel_name = i.channel_name AND q.recipient = i.recipient AND q.pending = 0 AND
          q.lease_token IS NULL)sql"};

Hand notDone(db::TenantWrite& write, std::int64_t message_id) {
  return write.query(kThere, Params().int8(message_id)).empty() ? Hand::kNotThere : Hand::kUnderWay;
}

void takeOut(db::TenantWrite& write, const db::Rows& gone) {
  for (int i = 0; i < gone.size(); ++i)
    if (gone.boolean(i, 2))
      write.query(kTakeOut,
                  Params().text(write.slug()).text(gone.text(i, 0)).text(gone.text(i, 1)).timestamp(write.now()));
}

}  // namespace

void enqueue(db::TenantWrite& write, const Enqueue& item) {
  const Timestamp from = item.not_before.value_or(write.now());
  write.queue(kInsert, Params()
                           .int8(item.message_id)
                           .text(item.channel_name)
                           .text(item.recipient)
                           .uuid(item.ref)
                           .jsonb(item.operation)
                           .optionalTimestamp(item.not_before)
                           .timestamp(from + item.ttl)
                           .timestamp(write.now()));
  write.query(kQueue, Params()
                          .text(write.slug())
                          .text(item.channel_name)
                          .text(item.recipient)
                          .timestamp(from)
                          .timestamp(from + item.ttl)
                          .timestamp(write.now()));
}

void schedule(db::TenantWrite& write, const DueJob& job) {
  write.queue(kSchedule, Params()
                             .text(write.slug())
                             .text(job.channel_name)
                             .text(job.kind)
                             .jsonb(job.payload)
                             .timestamp(job.run_at)
                             .timestamp(write.now()));
}

Settled settle(db::TenantWrite& write, std::int64_t message_id) {
  const auto gone = write.query(kSettle, Params().int8(message_id));
  takeOut(write, gone);
  if (gone.empty()) return Settled::kNotYet;
  return gone.boolean(0, 3) ? Settled::kWhole : Settled::kPerhaps;
}

void forget(db::TenantWrite& write, std::int64_t message_id) {
  takeOut(write, write.query(kForget, Params().int8(message_id)));
}

Revived revive(db::TenantWrite& write, std::int64_t message_id, const std::string& new_ref) {
  const auto rows = write.query(kRevive, Params().int8(message_id).timestamp(write.now()).uuid(new_ref));
  if (rows.empty()) return {notDone(write, message_id), {}, false};
  recount(write, {std::string(rows.text(0, 0))}, {std::string(rows.text(0, 1))});
  return {Hand::kDone, std::string(rows.text(0, 2)), rows.boolean(0, 3)};
}

Hand discard(db::TenantWrite& write, std::int64_t message_id) {
  const auto rows = write.query(kDiscard, Params().int8(message_id));
  if (rows.empty()) return notDone(write, message_id);
  recount(write, {std::string(rows.text(0, 0))}, {std::string(rows.text(0, 1))});
  return Hand::kDone;
}

void recount(db::TenantWrite& write, const std::vector<std::string>& channels,
             const std::vector<std::string>& recipients) {
  write.queue(kRecount, Params().text(write.slug()).timestamp(write.now()).textArray(channels).textArray(recipients));
  write.queue(kRemoveEmpty, Params().text(write.slug()).textArray(channels).textArray(recipients));
}

}  // namespace patchbay::delivery
