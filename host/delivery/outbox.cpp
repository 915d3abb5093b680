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
    INSERT INTO patchbay.send_queue AS q (tenant, channel_name, recipient, pending, available_at) VALUES ($1,
        $2, $3, 1, $4)
      ON CONFLICT (tenant, channel_name, recipient) DO UPDATE SET pending = q.pending + 1, available_at = LEAST(q.available_at, excluded.available_at))sql"};

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
      RETURNING channel_name, recipient, state <> 'held')sql"};

// A row that a dispatcher has leased stays: it is the dispatcher's to release when its request has ended.
constexpr Statement kTakeOut{"send_queue.take_out", R"sql(
    WITH less AS (UPDATE patchbay.send_queue
      SET pending = GREATEST(pending - 1, 0), available_at = LEAST(available_at, $4)
      WHERE tenant = $1 AND channel_name = $2 AND recipient = $3 AND (pending > 1 OR lease_token IS NOT NULL)
      RETURNING 1)
    DELETE FROM patchbay.send_queue
      WHERE tenant = $1 AND channel_name = $2 AND recipient = $3 AND pending <= 1 AND lease_token IS NULL AND
          NOT EXISTS (SELECT FROM less))sql"};

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
  write.query(kQueue, Params().text(write.slug()).text(item.channel_name).text(item.recipient).timestamp(from));
}

void schedule(db::TenantWrite& write, const DueJob& job) {
  write.query(kSchedule, Params()
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

}  // namespace patchbay::delivery
