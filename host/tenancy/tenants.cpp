#include "tenancy/tenants.hpp"

#include "base/log.hpp"
#include "tenancy/migrations.hpp"

namespace patchbay::tenancy {
namespace {

using db::Params;
using db::SchemaName;
using db::Statement;

constexpr std::chrono::seconds kRememberFor{10};
constexpr std::size_t kRememberAtMost = 10000;

// Any number, as long as every Patchbay host uses the same: one migrates, the others wait.
constexpr std::int64_t kMigrationLock = 0x7061746368626179;

constexpr Statement kLock{"migration.lock", "SELECT pg_advisory_lock($1)"};
constexpr Statement kUnlock{"migration.unlock", "SELECT pg_advisory_unlock($1)"};
constexpr Statement kBegin{"transaction.begin", "BEGIN"};
constexpr Statement kCommit{"transaction.commit", "COMMIT"};
constexpr Statement kSharedVersion{"migration.version", "SELECT coalesce(max(number), 0) FROM patchbay.migrations"};
constexpr Statement kSharedDone{"migration.done", "INSERT INTO patchbay.migrations (number, name) VALUES ($1, $2)"};
constexpr Statement kBehind{
    "tenant.behind", "SELECT slug, schema_version FROM patchbay.tenants WHERE schema_version < $1 ORDER BY slug"};
constexpr Statement kSetVersion{"tenant.set_version",
                                "UPDATE patchbay.tenants SET schema_version = $2, updated_at = now() WHERE slug = $1"};
constexpr Statement kInsert{
    "tenant.insert",
    "INSERT INTO patchbay.tenants (slug, tenant_id, name) VALUES ($1, $2, $3) "
    "ON CONFLICT (slug) DO UPDATE SET tenant_id = coalesce(patchbay.tenants.tenant_id, excluded.tenant_id), "
    "name = coalesce(patchbay.tenants.name, excluded.name)"};
constexpr Statement kVersion{"tenant.version",
                             "SELECT schema_version, status FROM patchbay.tenants WHERE slug = $1 FOR UPDATE"};
constexpr Statement kStatus{"tenant.status",
                            "SELECT status FROM patchbay.tenants WHERE slug = $1 AND schema_version > 0"};
constexpr Statement kTables{"tenant.tables",
                            "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = $1 ORDER BY 1"};
constexpr Statement kFind{"tenant.find",
                          "SELECT slug, coalesce(tenant_id, ''), coalesce(name, ''), status, "
                          "to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
                          "FROM patchbay.tenants WHERE slug = $1"};
constexpr Statement kList{"tenant.list",
                          "SELECT slug, coalesce(tenant_id, ''), coalesce(name, ''), status, "
                          "to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') "
                          "FROM patchbay.tenants ORDER BY slug OFFSET $1 LIMIT $2"};

constexpr std::string_view kBootstrap = R"sql(
CREATE SCHEMA IF NOT EXISTS patchbay;
CREATE TABLE IF NOT EXISTS patchbay.migrations (
  number integer PRIMARY KEY, name text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now());
)sql";

/// Holds the advisory lock for its life: of all hosts that start together, one migrates and the others wait for it.
class MigrationLock {
 public:
  explicit MigrationLock(db::Connection& connection) : connection_(connection) {
    connection_.execute(kLock, nullptr, Params().int8(kMigrationLock));
  }
  ~MigrationLock() {
    try {
      connection_.rollback();
      connection_.execute(kUnlock, nullptr, Params().int8(kMigrationLock));
    } catch (const std::exception&) {  // the connection is lost, and the lock with it
    }
  }
  MigrationLock(const MigrationLock&) = delete;
  MigrationLock& operator=(const MigrationLock&) = delete;

 private:
  db::Connection& connection_;
};

void migrateShared(db::Connection& connection) {
  connection.script(kBootstrap);
  const auto version = connection.execute(kSharedVersion).int8(0, 0);
  for (const auto& migration : kSharedMigrations) {
    if (migration.number <= version) continue;
    connection.execute(kBegin);
    connection.script(migration.sql);
    connection.queue(kSharedDone, nullptr, Params().int4(migration.number).text(migration.name));
    connection.execute(kCommit);
    log::info("tenancy", "shared schema migrated", {{"migration", migration.name}});
  }
}

/// All migrations that `slug` lacks, in one transaction.
void migrateTenant(db::Connection& connection, const std::string& slug, std::int64_t version) {
  const auto schema = SchemaName::fromSlug(slug);
  if (!schema) throw std::runtime_error("patchbay.tenants holds a slug that is none: " + slug);
  if (!connection.inTransaction()) connection.execute(kBegin);
  if (version == 0) connection.script("CREATE SCHEMA IF NOT EXISTS {tenant}", &*schema);
  for (const auto& migration : kTenantMigrations)
    if (migration.number > version) connection.script(migration.sql, &*schema);
  connection.queue(kSetVersion, nullptr, Params().text(slug).int4(kTenantMigrations.back().number));
  connection.execute(kCommit);
}

Tenant tenantOf(const db::Rows& rows, int row) {
  return {std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), std::string(rows.text(row, 2)),
          std::string(rows.text(row, 3)), std::string(rows.text(row, 4))};
}

Error badSlug(std::string_view slug, const std::string& rule) {
  return {ErrorKind::kInvalid,
          "invalid_tenant_slug",
          "tenant slug '" + std::string(slug.substr(0, 80)) + "': " + rule,
          {{"/schema_name", rule}}};
}

}  // namespace

Result<std::string> checkSlug(std::string_view slug) {
  if (!SchemaName::fromSlug(slug)) return badSlug(slug, "must be 1 to 56 characters of a-z, 0-9 and '-'");
  if (slug == "incoming") return badSlug(slug, "'incoming' is reserved for the predecessor's webhook route");
  return std::string(slug);
}

Result<std::string> slugFromSchemaName(std::string_view schema_name) {
  constexpr std::string_view kPrefix = "tenant_";
  if (schema_name.starts_with(kPrefix)) schema_name.remove_prefix(kPrefix.size());
  std::string slug(schema_name);
  for (char& c : slug)
    if (c == '_') c = '-';
  return checkSlug(slug);
}

void Tenants::migrateAll() {
  auto connection = pool_.lease();
  const MigrationLock lock(*connection);
  migrateShared(*connection);
  const auto behind = connection->execute(kBehind, nullptr, Params().int4(kTenantMigrations.back().number));
  for (int i = 0; i < behind.size(); ++i) {
    migrateTenant(*connection, std::string(behind.text(i, 0)), behind.int8(i, 1));
    log::info("tenancy", "tenant migrated", {{"tenant", behind.text(i, 0)}});
  }
}

Result<Initialized> Tenants::initialize(std::string_view tenant_id, std::string_view slug, std::string_view name) {
  const auto checked = checkSlug(slug);
  if (!checked.ok()) return checked.error();
  const auto schema = SchemaName::fromSlug(slug);
  Initialized answer{std::string(tenant_id), schema->str(), "initialized", {}, {}};

  auto connection = pool_.lease();
  const MigrationLock lock(*connection);
  connection->queue(kBegin, nullptr);
  connection->queue(kInsert, nullptr, Params().text(slug).textOrNull(tenant_id).textOrNull(name));
  const auto row = connection->execute(kVersion, nullptr, Params().text(slug));
  const auto version = row.int8(0, 0);
  // Two slugs ("a-b" and, were it allowed, "a_b") never share a schema: '_' is no character of a slug.
  if (version < kTenantMigrations.back().number)
    migrateTenant(*connection, *checked, version);
  else
    connection->execute(kCommit);
  if (version == 0) log::info("tenancy", "tenant created", {{"tenant", slug}});
  const auto tables = connection->execute(kTables, nullptr, Params().text(schema->str()));
  for (int i = 0; i < tables.size(); ++i) answer.tables_created.emplace_back(tables.text(i, 0));
  remember(*checked, row.text(0, 1) == "active" ? TenantState::kActive : TenantState::kSuspended);
  return answer;
}

TenantState Tenants::state(std::string_view slug) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(slug);
    if (found != known_.end() && found->second.until > std::chrono::steady_clock::now()) return found->second.state;
  }
  const auto rows = pool_.lease()->execute(kStatus, nullptr, Params().text(slug));
  const auto state = rows.empty()                  ? TenantState::kUnknown
                     : rows.text(0, 0) == "active" ? TenantState::kActive
                                                   : TenantState::kSuspended;
  remember(std::string(slug), state);
  return state;
}

Result<Tenant> Tenants::find(std::string_view slug) {
  const auto rows = pool_.lease()->execute(kFind, nullptr, Params().text(slug));
  if (rows.empty()) return Error{ErrorKind::kNotFound, "tenant_not_found", "There is no such tenant."};
  return tenantOf(rows, 0);
}

Result<std::vector<Tenant>> Tenants::list(std::int64_t skip, std::int64_t limit) {
  const auto rows = pool_.lease()->execute(kList, nullptr, Params().int8(skip).int8(limit));
  std::vector<Tenant> tenants;
  for (int i = 0; i < rows.size(); ++i) tenants.push_back(tenantOf(rows, i));
  return tenants;
}

void Tenants::remember(const std::string& slug, TenantState state) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kRememberAtMost) known_.clear();  // somebody is trying names; the next look-ups fill it again
  known_[slug] = {state, std::chrono::steady_clock::now() + kRememberFor};
}

}  // namespace patchbay::tenancy
