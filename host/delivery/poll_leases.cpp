#include "delivery/poll_leases.hpp"

#include <limits>

namespace patchbay::delivery {
namespace {

using db::Params;
using db::Statement;

constexpr Statement kEnrol{"polls.enrol", R"sql(
    INSERT INTO patchbay.polls AS p (tenant, channel_name, account, due_at)
      SELECT c.tenant, c.channel_name, c.account, $4
        FROM unnest($1::text[], $2::text[], $3::text[]) AS c (tenant, channel_name, account)
        JOIN patchbay.tenants t ON t.slug = c.tenant
      ON CONFLICT (tenant, channel_name) DO UPDATE
        SET account = excluded.account, due_at = LEAST(p.due_at, excluded.due_at), failures = 0, refusals = 0,
            cursor = CASE WHEN p.account = excluded.account THEN p.cursor ELSE '' END,
            lease_token = CASE WHEN p.account = excluded.account THEN p.lease_token END,
            leased_until = CASE WHEN p.account = excluded.account THEN p.leased_until END)sql"};

// FOR UPDATE SKIP LOCKED: a lease never waits for the lane that ends a poll. By account, too: a host that still has an
// old token must not move the new bot's cursor.
constexpr Statement kLease{"polls.lease", R"sql(
    WITH due AS MATERIALIZED (SELECT p.tenant, p.channel_name
      FROM patchbay.polls p
        JOIN unnest($1::text[], $2::text[], $3::text[]) AS c (tenant, channel_name, account)
        USING (tenant, channel_name, account)
      WHERE GREATEST(p.due_at, p.leased_until) <= $4
      ORDER BY p.due_at LIMIT $6 FOR UPDATE OF p SKIP LOCKED)
    UPDATE patchbay.polls p
      SET lease_token = gen_random_uuid(), leased_until = $5
      FROM due d
      WHERE p.tenant = d.tenant AND p.channel_name = d.channel_name
      RETURNING p.tenant, p.channel_name, p.lease_token, p.cursor, p.failures, p.refusals)sql"};

constexpr Statement kRenew{"polls.renew", R"sql(
    UPDATE patchbay.polls p
      SET leased_until = $2
      FROM (SELECT tenant, channel_name FROM patchbay.polls WHERE lease_token = ANY ($1::uuid[])
            FOR UPDATE SKIP LOCKED) h
      WHERE p.tenant = h.tenant AND p.channel_name = h.channel_name)sql"};

constexpr Statement kSettle{"polls.settle", R"sql(
    UPDATE patchbay.polls p
      SET due_at = s.due_at, lease_token = NULL, leased_until = NULL,
          failures = CASE WHEN s.failed = 1 THEN p.failures + 1 ELSE 0 END,
          refusals = CASE WHEN s.refused = 1 THEN p.refusals + 1 ELSE 0 END,
          polled_at = CASE WHEN s.failed = 1 THEN p.polled_at ELSE $5 END
      FROM unnest($1::uuid[], $2::timestamptz[], $3::int4[], $4::int4[]) AS s (token, due_at, failed, refused)
      WHERE p.lease_token = s.token)sql"};

constexpr Statement kReleaseLease{"polls.release", R"sql(
    UPDATE patchbay.polls SET lease_token = NULL, leased_until = NULL WHERE lease_token = ANY ($1::uuid[]))sql"};

constexpr Statement kNext{"polls.next", R"sql(
    SELECT min(GREATEST(p.due_at, p.leased_until))
      FROM patchbay.polls p JOIN unnest($1::text[], $2::text[], $3::text[]) AS c (tenant, channel_name, account)
        USING (tenant, channel_name, account))sql"};

struct Columns {
  std::vector<std::string> tenants, names, accounts;
  explicit Columns(const std::vector<PolledChannel>& channels) {
    for (const auto& one : channels) {
      tenants.push_back(one.tenant);
      names.push_back(one.name);
      accounts.push_back(one.account);
    }
  }
};

}  // namespace

void enrolPolls(db::Connection& connection, const std::vector<PolledChannel>& channels, Timestamp now) {
  if (channels.empty()) return;
  const Columns columns(channels);
  connection.execute(
      kEnrol, nullptr,
      Params().textArray(columns.tenants).textArray(columns.names).textArray(columns.accounts).timestamp(now));
}

std::vector<PollLease> leasePolls(db::Connection& connection, const std::vector<PolledChannel>& channels, int most,
                                  Timestamp now, Timestamp until) {
  std::vector<PollLease> leases;
  if (channels.empty() || most <= 0) return leases;
  const Columns columns(channels);
  Params params;
  params.textArray(columns.tenants)
      .textArray(columns.names)
      .textArray(columns.accounts)
      .timestamp(now)
      .timestamp(until)
      .int4(most);
  const auto rows = connection.execute(kLease, nullptr, std::move(params));
  for (int i = 0; i < rows.size(); ++i)
    leases.push_back({std::string(rows.text(i, 0)), std::string(rows.text(i, 1)), std::string(rows.text(i, 2)),
                      std::string(rows.text(i, 3)), static_cast<int>(rows.int8(i, 4)),
                      static_cast<int>(rows.int8(i, 5))});
  return leases;
}

void renewPolls(db::Connection& connection, const std::vector<std::string>& tokens, Timestamp until) {
  if (!tokens.empty()) connection.execute(kRenew, nullptr, Params().uuidArray(tokens).timestamp(until));
}

void settlePolls(db::Connection& connection, const std::vector<PollSettlement>& settlements, Timestamp now) {
  if (settlements.empty()) return;
  std::vector<std::string> tokens;
  std::vector<Timestamp> due;
  std::vector<std::int32_t> failed, refused;
  for (const auto& one : settlements) {
    tokens.push_back(one.token);
    due.push_back(one.due_at);
    failed.push_back(one.failed ? 1 : 0);
    refused.push_back(one.refused ? 1 : 0);
  }
  Params params;
  params.uuidArray(tokens).timestampArray(due).int4Array(failed).int4Array(refused).timestamp(now);
  connection.execute(kSettle, nullptr, std::move(params));
}

void releasePolls(db::Connection& connection, const std::vector<std::string>& tokens) {
  if (!tokens.empty()) connection.execute(kReleaseLease, nullptr, Params().uuidArray(tokens));
}

std::optional<Timestamp> nextPollAt(db::Connection& connection, const std::vector<PolledChannel>& channels) {
  if (channels.empty()) return std::nullopt;
  const Columns columns(channels);
  const auto rows = connection.execute(
      kNext, nullptr, Params().textArray(columns.tenants).textArray(columns.names).textArray(columns.accounts));
  return rows.timestamp(0, 0);
}

}  // namespace patchbay::delivery
