// How a command reaches the database of the configured host.
#include "app/database_access.hpp"

#include <gtest/gtest.h>

#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::app {
namespace {

std::string whyNot(const Config& config) {
  try {
    openDatabase(config);
  } catch (const NoDatabase& error) {
    return error.what();
  }
  return "opened";
}

TEST(DatabaseAccess, OpensTheDatabaseOfTheUrlWhenAHostHasMadeItReady) {
  const testing::TestDatabase database;
  Config config;
  config.database.url = database.url();
  EXPECT_EQ(whyNot(config),
            "the database of database.url has no schema 'patchbay': no host has used it yet; start the host once "
            "(patchbay serve)");
  db::Pool pool({.url = database.url()}, 2);
  tenancy::Tenants(pool).migrateAll();
  constexpr db::Statement kName{"test.name", "SELECT current_database()"};
  EXPECT_EQ(openDatabase(config)->execute(kName).text(0, 0), database.name());
}

TEST(DatabaseAccess, AServerThatIsNotThereIsSaid) {
  Config config;
  config.database.url = "postgresql://127.0.0.1:1/nowhere";
  const std::string said = whyNot(config);
  EXPECT_EQ(said.rfind("the database of database.url cannot be reached: ", 0), 0U) << said;
}

TEST(DatabaseAccess, WithoutAUrlTheEmbeddedDatabaseMustRun) {
  Config config;
  config.data_dir = "/tmp/patchbay-no-such-directory";
  const std::string said = whyNot(config);
  EXPECT_EQ(said.rfind("the embedded database in /tmp/patchbay-no-such-directory is not running: start the host", 0),
            0U)
      << said;
}

}  // namespace
}  // namespace patchbay::app
