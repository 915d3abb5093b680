#include "db/cluster/data_dir_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "db/cluster/cluster_error.hpp"

namespace patchbay::db {
namespace {

/// Like mkdir -p, but what is made is closed to listing by others.
void makeDirectory(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return;
  if (path.has_parent_path() && path != path.parent_path()) makeDirectory(path.parent_path());
  if (::mkdir(path.c_str(), 0711) != 0 && errno != EEXIST) {
    throw ClusterError("data directory " + path.string() + " cannot be made: " + errnoText(errno) +
                       "; choose another one with --data-dir or data_dir in the configuration");
  }
  // The umask may have taken the x away.
  if (::chmod(path.c_str(), 0711) != 0) {
    throw ClusterError("data directory " + path.string() + ": its mode cannot be set: " + errnoText(errno));
  }
}

}  // namespace

DataDirLock::DataDirLock(const std::filesystem::path& data_dir) : fd_(-1) {
  makeDirectory(data_dir);
  const auto file = data_dir / "patchbay.lock";
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) {
    throw ClusterError("data directory " + data_dir.string() + " cannot be written: " + errnoText(errno) +
                       "; give it to the user that runs Patchbay, or choose another one with --data-dir");
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    char holder[32] = {};
    const ssize_t got = ::pread(fd_, holder, sizeof holder - 1, 0);
    ::close(std::exchange(fd_, -1));
    if (error != EWOULDBLOCK) throw ClusterError(file.string() + " cannot be locked: " + errnoText(error));
    throw ClusterError("data directory " + data_dir.string() + " is in use by another Patchbay" +
                       (got > 0 ? " (process " + std::string(holder) + ")" : std::string()) +
                       "; stop that one, or give this one its own with --data-dir");
  }
  const std::string pid = std::to_string(::getpid());
  // For the message above only; the lock counts, not the text.
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
    const int error = errno;
    ::close(std::exchange(fd_, -1));
    throw ClusterError(file.string() + " cannot be written: " + errnoText(error));
  }
}

DataDirLock::~DataDirLock() {
  if (fd_ >= 0) ::close(fd_);
}

DataDirLock::DataDirLock(DataDirLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

}  // namespace patchbay::db
