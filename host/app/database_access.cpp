#include "app/database_access.hpp"

#include "base/text.hpp"
#include "db/cluster/running.hpp"

namespace patchbay::app {
namespace {

constexpr db::Statement kMadeReady{"command.made_ready", "SELECT to_regclass('patchbay.tenants') IS NOT NULL"};

}  // namespace

db::Connection::Options databaseOptions(const Config& config) {
  db::Connection::Options options;
  options.statement_timeout = config.database.statement_timeout;
  if (!config.database.url.empty()) {
    options.url = config.database.url;
    return options;
  }
  try {
    options.url = db::runningCluster(config.data_dir);
  } catch (const db::ClusterError& error) {
    throw NoDatabase(error.what());
  }
  return options;
}

std::unique_ptr<db::Connection> openDatabase(const Config& config) {
  const auto options = databaseOptions(config);
  const std::string which = config.database.url.empty() ? "the embedded database in " + config.data_dir.string()
                                                        : "the database of database.url";
  try {
    auto connection = std::make_unique<db::Connection>(options);
    if (connection->execute(kMadeReady).boolean(0, 0)) return connection;
  } catch (const db::Unavailable& error) {
    throw NoDatabase(which + " cannot be reached: " + std::string(trim(error.what())));
  }
  throw NoDatabase(which + " has no schema 'patchbay': no host has used it yet; start the host once (patchbay serve)");
}

}  // namespace patchbay::app
