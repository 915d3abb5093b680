#include "db/cluster/running.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "db/cluster/cluster_files.hpp"

namespace patchbay::db {
namespace {

/// One value of a connection string (libpq documentation, section 34.1.1.1).
std::string connectionValue(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "'";
}

}  // namespace

std::string clusterTarget(std::string_view socket_directory, std::string_view database) {
  return "host=" + connectionValue(socket_directory) + " port=5432 user=patchbay dbname=" + connectionValue(database);
}

std::string runningCluster(const std::filesystem::path& data_dir, std::string_view database) {
  ClusterFiles files;
  files.home = data_dir / "postgres";
  files.data = files.home / "data";
  files.log = files.home / "log";
  // The directory is closed to all but its owner and root: "no pid file" would be the wrong thing to say.
  if (::access(files.data.c_str(), X_OK) != 0 && errno == EACCES) {
    throw ClusterError("the embedded database in " + data_dir.string() +
                       " is closed to this user: run the command as root or as the user who runs the host");
  }
  const std::string where = "the embedded database in " + data_dir.string();
  const auto left = readPidFile(files);
  if (!left || left->socket_directory.empty() || !servesDirectory(left->pid, files.data)) {
    throw ClusterError(where + " is not running: start the host (patchbay serve), or name its data directory with " +
                       "--data-dir, or its database with --database-url or DATABASE_URL");
  }
  const std::string target = clusterTarget(left->socket_directory, database);
  switch (PQping((target + " connect_timeout=3").c_str())) {
    case PQPING_OK:
      return target;
    case PQPING_REJECT:
      throw ClusterError(where + " is starting or stopping: try again in a moment");
    default:
      throw ClusterError(where + " (process " + std::to_string(left->pid) + ") does not answer at " +
                         left->socket_directory + "; see " + files.log.string());
  }
}

}  // namespace patchbay::db
