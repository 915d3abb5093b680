/// Where PostgreSQL's programs are.
#pragma once

#include <filesystem>

#include "db/cluster/process.hpp"

namespace patchbay::db {

inline constexpr int kOldestPostgres = 15;

struct Binaries {
  std::filesystem::path directory;  ///< holds initdb and postgres
  int major = 0;
};

/// Finds PostgreSQL 15 or newer.
///
/// @param directory  look only here; empty: /usr/lib/postgresql/*/bin, what pg_config says, and the PATH.
/// @param major      only this version (of an existing cluster); 0: the newest.
/// @throws ClusterError  nothing fits; says what was found where, and what to install.
Binaries findBinaries(const std::filesystem::path& directory, int major, const ServerUser& user);

}  // namespace patchbay::db
