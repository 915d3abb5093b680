/// The files of the embedded cluster below the data directory:
///
///     <data_dir>/patchbay.lock       DataDirLock
///     <data_dir>/postgres/data       PGDATA
///     <data_dir>/postgres/log        the server's log
///     <data_dir>/postgres/run        the socket, when the path is short and plain enough for one
///
/// Everything below postgres/ belongs to the user that runs the server and is closed to all others.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "db/cluster/process.hpp"

namespace patchbay::db {

struct ClusterFiles {
  std::filesystem::path home;  ///< <data_dir>/postgres
  std::filesystem::path data;
  std::filesystem::path log;
  std::filesystem::path socket;  ///< a directory
};

/// Makes what is missing and checks what is there: owner, mode, reachable by the user.
/// @throws ClusterError  names the path, the rule and the remedy.
ClusterFiles prepareFiles(const std::filesystem::path& data_dir, const ServerUser& user);

/// Version that made `data`; 0 when there is no cluster in it.
int clusterVersion(const ClusterFiles& files);

/// What a running or crashed server has left in `data`/postmaster.pid.
struct PidFile {
  pid_t pid = 0;
  std::string socket_directory;
};
std::optional<PidFile> readPidFile(const ClusterFiles& files);

/// Whether `pid` is a live server of exactly this directory (and not another process that got its number later).
bool servesDirectory(pid_t pid, const std::filesystem::path& data);

/// Removes initdb's left-overs of starts that were killed.
void removeAbandoned(const ClusterFiles& files);

/// The last lines of the log, for error messages.
std::string logTail(const ClusterFiles& files, std::uintmax_t from);

}  // namespace patchbay::db
