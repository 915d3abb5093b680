/// Child processes under another user, for the embedded cluster. Safe in a process with threads.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace patchbay::db {

/// Who runs the database. PostgreSQL refuses to run as root.
struct ServerUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  bool switched = false;  ///< we are root and become this user in the child; otherwise it is the user we are
};

/// @param name  only used when we are root.
/// @throws ClusterError  there is no such user, or it is root.
ServerUser serverUser(const std::string& name);

/// The first directory on the way to `path` (itself included) that the user may not enter; empty when it can enter all.
/// Asked as that user, in a child, so access control lists count. Parts that do not exist yet are not looked at.
std::filesystem::path unreachablePart(const std::filesystem::path& path, const ServerUser& user);

struct Command {
  std::vector<std::string> arguments;  ///< the first is the absolute path of the program
  bool with_parent = true;             ///< killed when the calling thread ends
};

/// Starts a child as `user` in a session of its own: default signals, no inherited files, working directory /,
/// LC_ALL=C, standard output and error to `output` (borrowed).
/// @throws ClusterError  it cannot be started.
pid_t spawn(const Command& command, const ServerUser& user, int output);

struct Finished {
  int status = 0;      ///< as wait(2) reports it
  std::string output;  ///< standard output and error, the last 16 KiB
  bool ok() const { return status == 0; }
};

/// Runs a child to its end; kills it at the deadline.
/// @throws ClusterError  it cannot be started or took too long.
Finished run(const Command& command, const ServerUser& user, std::chrono::milliseconds limit);

}  // namespace patchbay::db
