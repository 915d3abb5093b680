#include "db/cluster/cluster_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <system_error>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "db/cluster/cluster_error.hpp"

namespace patchbay::db {
namespace {

/// sun_path has 108 bytes with the NUL; the server appends "/.s.PGSQL.5432".
constexpr std::size_t kLongestSocketDirectory = 107 - 14;

/// A directory of the server's user that nobody else can enter.
void makePrivate(const std::filesystem::path& path, const ServerUser& user) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    if (user.switched && ::chown(path.c_str(), user.uid, user.gid) != 0) {
      throw ClusterError(path.string() + " cannot be given to the user '" + user.name + "': " + errnoText(errno));
    }
  } else if (errno != EEXIST) {
    throw ClusterError(path.string() + " cannot be made: " + errnoText(errno) +
                       "; choose another data directory with --data-dir");
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) throw ClusterError(path.string() + " cannot be examined: " + errnoText(errno));
  if (!S_ISDIR(info.st_mode)) throw ClusterError(path.string() + " is not a directory; move it away");
  if (info.st_uid != user.uid) {
    throw ClusterError(path.string() + " belongs to user " + std::to_string(info.st_uid) +
                       ", but the embedded database runs as '" + user.name + "' (" + std::to_string(user.uid) +
                       "); start Patchbay as before, or: chown -R " + user.name + " " + path.string());
  }
  // Local connections are trusted, so who may enter the directory is the whole access control.
  if ((info.st_mode & 077U) != 0 && ::chmod(path.c_str(), 0700) != 0) {
    throw ClusterError(path.string() + " is open to other users and cannot be closed: " + errnoText(errno));
  }
}

/// libpq takes a comma for a list of hosts, the server's setting takes one for a list of directories.
bool fitsSocket(const std::filesystem::path& directory) {
  const std::string& text = directory.native();
  return text.size() <= kLongestSocketDirectory &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+") ==
             std::string::npos;
}

std::filesystem::path socketDirectory(const ClusterFiles& files, const ServerUser& user) {
  const auto below = files.home / "run";
  if (fitsSocket(below)) return below;
  const std::string name =
      "patchbay-" + crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, files.home.native())).substr(0, 16);
  return (::access("/run", W_OK) == 0 ? std::filesystem::path("/run") : std::filesystem::path("/tmp")) /
         (user.switched ? name : name + "-" + std::to_string(user.uid));
}

std::string firstLine(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

ClusterFiles prepareFiles(const std::filesystem::path& data_dir, const ServerUser& user) {
  const auto blocked = unreachablePart(data_dir, user);
  if (!blocked.empty()) {
    throw ClusterError("the user '" + user.name + "', who runs the embedded database, cannot enter " +
                       blocked.string() +
                       (blocked == data_dir ? "" : " on the way to the data directory " + data_dir.string()) +
                       "; choose another data directory (--data-dir /var/lib/patchbay), allow it (chmod o+x " +
                       blocked.string() + "), or use another database with DATABASE_URL");
  }
  ClusterFiles files;
  files.home = data_dir / "postgres";
  files.data = files.home / "data";
  files.log = files.home / "log";
  files.socket = socketDirectory(files, user);
  makePrivate(files.home, user);
  makePrivate(files.socket, user);
  return files;
}

int clusterVersion(const ClusterFiles& files) {
  return number(firstLine(files.data / "PG_VERSION"));
}

std::optional<PidFile> readPidFile(const ClusterFiles& files) {
  // Lines, since PostgreSQL 10: pid, data directory, start time, port, socket directory, listen address, shared memory,
  // status.
  std::ifstream in(files.data / "postmaster.pid");
  std::string line;
  PidFile found;
  for (int i = 1; i <= 5 && std::getline(in, line); ++i) {
    if (i == 1) found.pid = number(line);
    if (i == 5) found.socket_directory = line;
  }
  if (found.pid <= 1) return std::nullopt;
  return found;
}

bool servesDirectory(pid_t pid, const std::filesystem::path& data) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::error_code code;
  // A server works in its data directory; a zombie has none.
  const auto directory = std::filesystem::read_symlink(process + "/cwd", code);
  if (code || directory != std::filesystem::weakly_canonical(data, code)) return false;
  const std::string name = firstLine(process + "/comm");
  return name == "postgres" || name == "postmaster";
}

void removeAbandoned(const ClusterFiles& files) {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(files.home, code)) {
    if (entry.path().filename().native().starts_with("initdb-")) std::filesystem::remove_all(entry.path(), code);
  }
}

std::string logTail(const ClusterFiles& files, std::uintmax_t from) {
  constexpr std::size_t kLines = 8;
  std::ifstream in(files.log);
  in.seekg(static_cast<std::streamoff>(from));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back("  " + cleanText(line));
    if (lines.size() > kLines) lines.erase(lines.begin());
  }
  std::string text;
  for (const auto& line : lines) text += "\n" + line;
  return text;
}

}  // namespace patchbay::db
