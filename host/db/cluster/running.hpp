/// The embedded cluster as others than its host see it: a command line tool that wants to look into its database. Never
/// starts, stops or locks anything.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "db/cluster/cluster_error.hpp"

namespace patchbay::db {

/// For libpq: key/value form, over the socket in that directory.
std::string clusterTarget(std::string_view socket_directory, std::string_view database);

/// The connection string of the server that runs on `data_dir` now: found by its pid file, and it answers. Blocks for
/// three seconds at most. Works for root and for the user that runs the server.
/// @throws ClusterError  none runs, it does not answer (yet), or we may not look; names the directory and the remedy.
std::string runningCluster(const std::filesystem::path& data_dir, std::string_view database = "patchbay");

}  // namespace patchbay::db
