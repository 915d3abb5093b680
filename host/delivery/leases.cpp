#include "delivery/leases.hpp"

#include <stdexcept>

#include "base/crypto.hpp"

namespace patchbay::delivery {
namespace {

using db::Params;
using db::Statement;

// By index, no further than each slice's own limit: a backlog of a million costs what its slice costs.
constexpr Statement kCount{"send_queue.count_due", R"sql(
    SELECT c.n, q.due
      FROM unnest($1::text[], $2::text[], $3::int4[]) WITH ORDINALITY AS c (tenant, channel_name, most, n)
      CROSS JOIN LATERAL (SELECT count(*) AS due FROM (SELECT FROM patchbay.send_queue s WHERE s.tenant = c.tenant
          AND s.channel_name = c.channel_name AND GREATEST(s.available_at, s.leased_until) <= $4 LIMIT c.most) l) q
      WHERE q.due > 0)sql"};
constexpr Statement kCountJobs{"due.count_due", R"sql(
    SELECT c.n, q.due
      FROM unnest($1::text[], $2::text[], $3::int4[], $5::text[]) WITH ORDINALITY AS c (tenant, channel_name, most, kind, n)
      CROSS JOIN LATERAL (SELECT count(*) AS due FROM (SELECT FROM patchbay.due d WHERE d.tenant = c.tenant
          AND d.channel_name = c.channel_name AND d.kind = c.kind AND GREATEST(d.run_at, d.leased_until) <= $4
          LIMIT c.most) l) q
      WHERE q.due > 0)sql"};

// FOR UPDATE SKIP LOCKED in the inner query: no lease ever waits for a lane, so no order of locks can cross.
constexpr Statement kLease{"send_queue.lease", R"sql(
    WITH due AS MATERIALIZED (SELECT q.tenant, q.channel_name, q.recipient
      FROM unnest($1::text[], $2::text[], $3::int4[]) AS c (tenant, channel_name, most)
      CROSS JOIN LATERAL (SELECT s.tenant, s.channel_name, s.recipient FROM patchbay.send_queue s WHERE
          s.tenant = c.tenant AND s.channel_name = c.channel_name AND GREATEST(s.available_at, s.leased_until)
          <= $4 ORDER BY GREATEST(s.available_at, s.leased_until) LIMIT c.most FOR UPDATE SKIP LOCKED) q)
    UPDATE patchbay.send_queue s
      SET lease_token = gen_random_uuid(), leased_until = $5
      FROM due d
      WHERE s.tenant = d.tenant AND s.channel_name = d.channel_name AND s.recipient = d.recipient
      RETURNING s.tenant, s.channel_name, s.recipient, s.lease_token)sql"};

constexpr Statement kFirst{"outbox.first", R"sql(
    SELECT i.n, o.id, o.message_id, o.ref, o.operation, o.state, o.step, encode(o.carry, 'hex'), o.version,
        o.unsafe, o.attempt, o.deferrals, o.possible_duplicate, o.last_error, o.started_at, o.retry_at,
        o.expires_at, o.parts_done, o.completes, o.insist
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (channel_name, recipient, n)
      CROSS JOIN LATERAL (SELECT *
      FROM {tenant}.pb_outbox o
      WHERE o.channel_name = i.channel_name AND o.recipient = i.recipient AND o.state NOT IN ('held', 'failed') AND
          (o.not_before IS NULL OR o.not_before <= $3) ORDER BY o.id LIMIT 1) o)sql"};

constexpr Statement kLeaseDue{"due.lease", R"sql(
    WITH ready AS MATERIALIZED (SELECT q.id
      FROM unnest($1::text[], $2::text[], $3::int4[], $6::text[]) AS c (tenant, channel_name, most, kind)
      CROSS JOIN LATERAL (SELECT d.id FROM patchbay.due d WHERE d.tenant = c.tenant AND d.channel_name =
          c.channel_name AND d.kind = c.kind AND GREATEST(d.run_at, d.leased_until) <= $4 ORDER BY
          GREATEST(d.run_at, d.leased_until) LIMIT c.most FOR UPDATE SKIP LOCKED) q)
    UPDATE patchbay.due d
      SET lease_token = gen_random_uuid(), leased_until = $5
      FROM ready r
      WHERE d.id = r.id
      RETURNING d.id, d.tenant, d.channel_name, d.kind, d.payload, d.lease_token, d.attempt)sql"};

constexpr Statement kRenewSends{"send_queue.renew", R"sql(
    UPDATE patchbay.send_queue s
      SET leased_until = $2
      FROM (SELECT tenant, channel_name, recipient
      FROM patchbay.send_queue
      WHERE lease_token = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED) h
      WHERE s.tenant = h.tenant AND s.channel_name = h.channel_name AND s.recipient = h.recipient)sql"};
constexpr Statement kRenewDue{"due.renew", R"sql(
    UPDATE patchbay.due d
      SET leased_until = $2
      FROM (SELECT id
      FROM patchbay.due
      WHERE lease_token = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED) h
      WHERE d.id = h.id)sql"};

constexpr Statement kStranded{"send_queue.stranded", R"sql(
    SELECT DISTINCT s.tenant, s.channel_name
      FROM patchbay.send_queue s
      WHERE NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS c (tenant, channel_name)
      WHERE c.tenant = s.tenant AND c.channel_name = s.channel_name) LIMIT 100)sql"};

constexpr Statement kExpired{"send_queue.expired", R"sql(
    SELECT tenant, channel_name, recipient
      FROM patchbay.send_queue
      WHERE expires_at <= $1 AND (lease_token IS NULL OR leased_until <= $1)
      ORDER BY expires_at LIMIT $2)sql"};

struct Names {
  std::vector<std::string> tenants, channels;
  explicit Names(const std::vector<ChannelName>& list) {
    for (const auto& one : list) {
      tenants.push_back(one.tenant);
      channels.push_back(one.name);
    }
  }
};

struct Slices {
  std::vector<std::string> tenants, channels, kinds;
  std::vector<std::int32_t> most;
  explicit Slices(const std::vector<Slice>& list) {
    for (const auto& one : list) {
      tenants.push_back(one.channel.tenant);
      channels.push_back(one.channel.name);
      kinds.push_back(one.kind);
      most.push_back(static_cast<std::int32_t>(one.most));
    }
  }
  Params params(Timestamp now) const {
    return std::move(Params().textArray(tenants).textArray(channels).int4Array(most).timestamp(now));
  }
  bool jobs() const { return !kinds.empty() && !kinds.front().empty(); }
};

}  // namespace

std::vector<std::size_t> countDue(db::Connection& connection, const std::vector<Slice>& list, Timestamp now) {
  std::vector<std::size_t> due(list.size(), 0);
  if (list.empty()) return due;
  const Slices slices(list);
  Params params = slices.params(now);
  if (slices.jobs()) params.textArray(slices.kinds);
  const auto rows = connection.execute(slices.jobs() ? kCountJobs : kCount, nullptr, std::move(params));
  for (int i = 0; i < rows.size(); ++i)
    due.at(static_cast<std::size_t>(rows.int8(i, 0)) - 1) = static_cast<std::size_t>(rows.int8(i, 1));
  return due;
}

std::vector<RecipientLease> leaseRecipients(db::Connection& connection, const std::vector<Slice>& slices, Timestamp now,
                                            Timestamp until) {
  std::vector<RecipientLease> leases;
  if (slices.empty()) return leases;
  const auto rows = connection.execute(kLease, nullptr, std::move(Slices(slices).params(now).timestamp(until)));
  for (int i = 0; i < rows.size(); ++i)
    leases.push_back({std::string(rows.text(i, 0)), std::string(rows.text(i, 1)), std::string(rows.text(i, 2)),
                      std::string(rows.text(i, 3))});
  return leases;
}

std::vector<std::optional<OutboxRow>> firstRows(db::Connection& connection, const std::string& tenant,
                                                const std::vector<RecipientLease>& leases, Timestamp now) {
  std::vector<std::string> channels, recipients;
  for (const auto& lease : leases) {
    channels.push_back(lease.channel_name);
    recipients.push_back(lease.recipient);
  }
  const auto schema = db::SchemaName::fromSlug(tenant);
  if (!schema) throw std::logic_error("send_queue names a tenant that is no slug: " + tenant);
  const auto rows =
      connection.execute(kFirst, &*schema, Params().textArray(channels).textArray(recipients).timestamp(now));
  std::vector<std::optional<OutboxRow>> result(leases.size());
  for (int i = 0; i < rows.size(); ++i) {
    OutboxRow row;
    row.id = rows.int8(i, 1);
    row.message_id = rows.int8(i, 2);
    row.ref = rows.text(i, 3);
    row.operation = rows.text(i, 4);
    row.state = rows.text(i, 5);
    row.step = static_cast<int>(rows.int8(i, 6));
    if (!rows.isNull(i, 7)) row.carry = crypto::hexDecode(rows.text(i, 7));
    row.version = rows.text(i, 8);
    row.unsafe = rows.boolean(i, 9);
    row.attempt = static_cast<int>(rows.int8(i, 10));
    row.deferrals = static_cast<int>(rows.int8(i, 11));
    row.possible_duplicate = rows.boolean(i, 12);
    row.last_error = rows.text(i, 13);
    row.started_at = rows.timestamp(i, 14);
    row.retry_at = rows.timestamp(i, 15);
    row.expires_at = rows.timestamp(i, 16).value();
    row.parts_done = static_cast<int>(rows.int8(i, 17));
    row.completes = rows.boolean(i, 18);
    row.insist = rows.boolean(i, 19);
    result.at(static_cast<std::size_t>(rows.int8(i, 0)) - 1) = std::move(row);
  }
  return result;
}

std::vector<DueLease> leaseDue(db::Connection& connection, const std::vector<Slice>& list, Timestamp now,
                               Timestamp until) {
  if (list.empty()) return {};
  const Slices slices(list);
  const auto rows =
      connection.execute(kLeaseDue, nullptr, std::move(slices.params(now).timestamp(until).textArray(slices.kinds)));
  std::vector<DueLease> leases;
  for (int i = 0; i < rows.size(); ++i)
    leases.push_back({rows.int8(i, 0), std::string(rows.text(i, 1)), std::string(rows.text(i, 2)),
                      std::string(rows.text(i, 3)), std::string(rows.text(i, 4)), std::string(rows.text(i, 5)),
                      static_cast<int>(rows.int8(i, 6))});
  return leases;
}

void renewLeases(db::Connection& connection, const std::vector<std::string>& tokens, Timestamp until) {
  if (tokens.empty()) return;
  connection.queue(kRenewSends, nullptr, Params().uuidArray(tokens).timestamp(until));
  connection.queue(kRenewDue, nullptr, Params().uuidArray(tokens).timestamp(until));
  connection.flush();
}

std::vector<ChannelName> strandedChannels(db::Connection& connection, const std::vector<ChannelName>& channels) {
  const Names names(channels);
  const auto rows = connection.execute(kStranded, nullptr, Params().textArray(names.tenants).textArray(names.channels));
  std::vector<ChannelName> stranded;
  for (int i = 0; i < rows.size(); ++i)
    stranded.push_back({std::string(rows.text(i, 0)), std::string(rows.text(i, 1))});
  return stranded;
}

std::vector<RecipientLease> expiredRecipients(db::Connection& connection, Timestamp now, int limit) {
  const auto rows = connection.execute(kExpired, nullptr, Params().timestamp(now).int8(limit));
  std::vector<RecipientLease> found;
  for (int i = 0; i < rows.size(); ++i)
    found.push_back({std::string(rows.text(i, 0)), std::string(rows.text(i, 1)), std::string(rows.text(i, 2)), {}});
  return found;
}

}  // namespace patchbay::delivery
