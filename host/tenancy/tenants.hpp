/// Tenants: their slugs, schemas and migrations.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "db/connection.hpp"
#include "db/pool.hpp"

namespace patchbay::tenancy {

enum class TenantState { kUnknown, kActive, kSuspended };

struct Tenant {
  std::string slug;
  std::string tenant_id;
  std::string name;
  std::string status;
  std::string created_at;  ///< RFC 3339
};

/// What POST /api/v1/tenants/{tenant_id}/initialize answers.
struct Initialized {
  std::string tenant_id, schema_name, status;
  std::vector<std::string> tables_created, errors;
};

/// "tenant_acme_corp" or "acme-corp" -> "acme-corp". kInvalid when what remains is not a slug or is reserved.
Result<std::string> slugFromSchemaName(std::string_view schema_name);
Result<std::string> checkSlug(std::string_view slug);

/// Thread-safe. Functions that name no thread block on the database: worker threads or start only.
class Tenants {
 public:
  explicit Tenants(db::Pool& pool) : pool_(pool) {}

  /// Brings the shared schema and every tenant's schema to this program's version, under an advisory lock, one
  /// transaction per tenant, so an interrupted run goes on where it stopped. @throws db::Unavailable, db::SqlError
  void migrateAll();

  /// Makes the tenant and its schema if they are not there; repeating changes nothing.
  Result<Initialized> initialize(std::string_view tenant_id, std::string_view slug, std::string_view name = {});

  /// From memory, any thread; a slug that is not known here is looked up once and remembered for a few seconds.
  TenantState state(std::string_view slug);

  Result<Tenant> find(std::string_view slug);  ///< kNotFound when there is none
  Result<std::vector<Tenant>> list(std::int64_t skip, std::int64_t limit);

 private:
  void remember(const std::string& slug, TenantState state);

  db::Pool& pool_;
  std::mutex mutex_;
  struct Known {
    TenantState state;
    std::chrono::steady_clock::time_point until;
  };
  std::map<std::string, Known, std::less<>> known_;  // guarded by mutex_
};

}  // namespace patchbay::tenancy
