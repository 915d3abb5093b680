/// One host per data directory.
#pragma once

#include <filesystem>

namespace patchbay::db {

/// Holds `<data_dir>/patchbay.lock` (flock) for its life. The system gives it back however the process ends, kill -9
/// too. Cluster takes one by itself; a host with an external database takes one for the rest of its data.
class DataDirLock {
 public:
  /// Makes the directory when it is missing (mode 0711: the database's user may pass through, files are 0600).
  /// @throws ClusterError  another host holds it (its process id is named), or the directory cannot be used.
  explicit DataDirLock(const std::filesystem::path& data_dir);
  ~DataDirLock();
  DataDirLock(DataDirLock&& other) noexcept;
  DataDirLock& operator=(DataDirLock&&) = delete;

 private:
  int fd_;
};

}  // namespace patchbay::db
