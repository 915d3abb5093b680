/// The numbered SQL files of host/tenancy/migrations, compiled in. Numbers are never reused, files never edited after a
/// release: a change is a new file.
#pragma once

#include <string_view>
#include <vector>

namespace patchbay::tenancy {

struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;  ///< {tenant} stands for the tenant's schema
};

extern const std::vector<Migration> kSharedMigrations;  ///< schema patchbay
extern const std::vector<Migration> kTenantMigrations;  ///< each tenant's schema

}  // namespace patchbay::tenancy
