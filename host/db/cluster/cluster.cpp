#include "db/cluster/cluster.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "db/cluster/binaries.hpp"
#include "db/cluster/cluster_files.hpp"
#include "db/cluster/data_dir_lock.hpp"
#include "db/cluster/running.hpp"

namespace patchbay::db {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uintmax_t kLargestLog = 16U << 20U;

/// Appended to postgresql.conf once, when the cluster is made: the admin may change them afterwards.
constexpr std::string_view kSettings = R"(
# Patchbay's defaults for a small machine. Change them as you like; what must hold is given on the command line.
shared_buffers = 128MB
max_connections = 50
max_wal_size = 1GB
checkpoint_timeout = 15min
wal_compression = on
random_page_cost = 1.1
recovery_init_sync_method = syncfs     # after a crash: one call instead of an fsync per file (9 s became 1 s)
jit = off                              # short statements only: compiling them costs more than running them
max_parallel_workers_per_gather = 0
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = log                 # not errors of statements: Patchbay logs its own, and they may hold customers' text
log_checkpoints = off
)";

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

/// One statement on a connection of its own; its first value, or "" without rows.
std::string ask(const std::string& target, const char* sql) {
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(target.c_str()));
  if (!connection || PQstatus(connection.get()) != CONNECTION_OK) {
    throw ClusterError("the embedded database does not let us in: " +
                       std::string(trim(connection ? PQerrorMessage(connection.get()) : "out of memory")));
  }
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw ClusterError(std::string("the embedded database refuses '") + sql +
                       "': " + std::string(trim(PQerrorMessage(connection.get()))));
  }
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

/// The server's log, opened for appending; it belongs to the server's user.
class LogFile {
 public:
  LogFile(const ClusterFiles& files, const ServerUser& user) {
    std::error_code ignored;
    size_ = std::filesystem::file_size(files.log, ignored);
    if (ignored) size_ = 0;
    if (size_ > kLargestLog) {
      std::filesystem::rename(files.log, files.log.native() + ".1", ignored);
      size_ = 0;
    }
    // No links: the directory belongs to a user with fewer rights than ours.
    fd_ = ::open(files.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat info {};
    const bool opened = fd_ >= 0 && ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1;
    if (!opened || (info.st_uid != user.uid && ::fchown(fd_, user.uid, user.gid) != 0)) {
      const int error = errno;
      if (fd_ >= 0) ::close(fd_);
      throw ClusterError(files.log.string() + " cannot be written: " + errnoText(error));
    }
  }
  ~LogFile() { ::close(fd_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  int fd() const { return fd_; }
  std::uintmax_t sizeBefore() const { return size_; }

 private:
  int fd_ = -1;
  std::uintmax_t size_ = 0;
};

void appendSettings(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
  const bool written = fd >= 0 &&
                       ::write(fd, kSettings.data(), kSettings.size()) == static_cast<ssize_t>(kSettings.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!written) throw ClusterError(file.string() + " cannot be written: " + errnoText(error));
}

/// Everything of the file system that holds `directory` to disk.
void syncFileSystem(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::syncfs(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) throw ClusterError(directory.string() + " cannot be synced: " + errnoText(error));
}

}  // namespace

class Cluster::Impl {
 public:
  explicit Impl(const ClusterOptions& options)
      : options_(options),
        lock_(options.data_dir),
        user_(serverUser(options.user)),
        files_(prepareFiles(std::filesystem::canonical(options.data_dir), user_)),
        socket_(files_.socket.string()) {
    bringUp();
  }

  std::string connectionString(std::string_view database) const {
    const std::lock_guard lock(mutex_);
    return target(database);
  }

  bool alive() const {
    const std::lock_guard lock(mutex_);
    return living();
  }

  bool ensureRunning() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || living()) return false;
    log::warn("cluster", "the embedded database has ended; starting it again", {{"log", files_.log.string()}});
    bringUp();
    return true;
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true) || !living()) return;
    ::kill(pid_, SIGINT);
    if (waitForEnd(options_.stop_limit)) return;
    log::warn("cluster",
              "the embedded database does not end in order; ending it at once, it recovers at the next start");
    ::kill(pid_, SIGQUIT);
    // The server itself kills what is left of its processes after five seconds.
    if (waitForEnd(std::chrono::seconds(15))) return;
    throw ClusterError("the embedded database (process " + std::to_string(pid_) + ") does not end; see " +
                       files_.log.string());
  }

  void leaveRunning() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  bool adopted() const { return adopted_; }

 private:
  std::string target(std::string_view database) const { return clusterTarget(socket_, database); }

  void bringUp() {
    const auto deadline = Clock::now() + options_.start_limit;
    adopted_ = adopt(deadline);
    if (!adopted_) startServer(deadline);
    nameDatabase();
  }

  /// initdb has made a database "postgres", which becomes ours: another one would cost 7 MB and a second of writing.
  void nameDatabase() {
    try {
      ask(target("patchbay"), "SELECT 1");
    } catch (const ClusterError& error) {
      if (std::string_view(error.what()).find("\"patchbay\" does not exist") == std::string_view::npos) throw;
      const auto left = ask(target("template1"), "SELECT 1 FROM pg_database WHERE datname = 'postgres'");
      ask(target("template1"),
          left.empty() ? "CREATE DATABASE patchbay TEMPLATE template0" : "ALTER DATABASE postgres RENAME TO patchbay");
    }
  }

  /// Takes over a server that an earlier host has left.
  bool adopt(Clock::time_point deadline) {
    const auto left = readPidFile(files_);
    if (!left || !servesDirectory(left->pid, files_.data)) return false;
    pid_ = left->pid;
    if (!left->socket_directory.empty()) socket_ = left->socket_directory;
    while (PQping(target("template1").c_str()) != PQPING_OK) {
      if (!living()) return false;  // it was on its way down
      if (Clock::now() > deadline) {
        throw ClusterError("a server (process " + std::to_string(pid_) + ") runs on " + files_.data.string() +
                           " but does not answer at " + socket_ + "; see " + files_.log.string() +
                           ", or end it: kill -INT " + std::to_string(pid_));
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
    const std::string served = ask(target("template1"), "SHOW data_directory");
    if (std::filesystem::weakly_canonical(served) != files_.data) {
      throw ClusterError("the server at " + socket_ + " serves " + served + ", not " + files_.data.string() +
                         "; stop it, or choose another data directory with --data-dir");
    }
    log::info("cluster", "adopted the running embedded database", {{"pid", pid_}, {"data", files_.data.string()}});
    return true;
  }

  void startServer(Clock::time_point deadline) {
    socket_ = files_.socket.string();
    removeAbandoned(files_);
    const Binaries binaries = findBinaries(options_.binaries, clusterVersion(files_), user_);
    if (clusterVersion(files_) == 0) create(binaries);
    clearStale();
    for (;;) {
      const LogFile log(files_, user_);
      pid_ = spawn(serverCommand(binaries), user_, log.fd());
      if (waitForAnswer(deadline)) break;
      const std::string tail = logTail(files_, log.sizeBefore());
      // After kill -9 of the old server its sessions need a moment to notice.
      const bool again = tail.find("still in use") != std::string::npos && Clock::now() < deadline;
      if (!again) throw ClusterError("the embedded database does not start; " + files_.log.string() + " says:" + tail);
      std::this_thread::sleep_for(milliseconds(100));
    }
    log::info("cluster", "started the embedded database", {{"pid", pid_}, {"data", files_.data.string()}});
  }

  Command serverCommand(const Binaries& binaries) const {
    Command command{{(binaries.directory / "postgres").string(), "-D", files_.data.string()}, false};
    for (const std::string& setting :
         {std::string("listen_addresses="), "unix_socket_directories=" + files_.socket.string(),
          std::string("unix_socket_permissions=0700"), std::string("port=5432"), std::string("fsync=on"),
          std::string("synchronous_commit=on"), std::string("logging_collector=off"),
          std::string("log_destination=stderr")}) {
      command.arguments.insert(command.arguments.end(), {"-c", setting});
    }
    return command;
  }

  /// Makes the cluster beside its place and moves it there whole: a start that is killed half way leaves nothing in
  /// `data`.
  void create(const Binaries& binaries) {
    std::error_code ignored;
    if (std::filesystem::exists(files_.data) && !std::filesystem::remove(files_.data, ignored)) {
      throw ClusterError(files_.data.string() + " is there but is no PostgreSQL cluster; move it away");
    }
    const auto draft = files_.home / ("initdb-" + std::to_string(::getpid()));
    log::info("cluster", "making the embedded database", {{"data", files_.data.string()}, {"version", binaries.major}});
    const auto made =
        run({{(binaries.directory / "initdb").string(), "-D", draft.string(), "-U", "patchbay", "--encoding=UTF8",
              "--locale=C",
              "--lc-ctype=C.UTF-8",  // so that lower() and ILIKE know letters beyond ASCII; sorting stays bytewise
              "--data-checksums", "--auth-local=trust", "--auth-host=reject", "--no-instructions", "--no-sync"}},
            user_, std::chrono::minutes(3));
    if (!made.ok()) {
      std::filesystem::remove_all(draft, ignored);
      throw ClusterError("the embedded database cannot be made in " + files_.home.string() + ":\n" +
                         std::string(trim(made.output)));
    }
    appendSettings(draft / "postgresql.conf");
    // One call instead of initdb's thousand (3 of its 6 s on a slow disk), and before the rename that makes it count.
    syncFileSystem(files_.home);
    std::filesystem::rename(draft, files_.data);
    syncFileSystem(files_.home);
  }

  /// Nothing serves the directory: what says so is left from a crash. PostgreSQL removes it itself, except when another
  /// process of its user has got the old number (which happens at every restart of a container).
  void clearStale() {
    const auto left = readPidFile(files_);
    std::error_code ignored;
    if (left && ::kill(left->pid, 0) == 0) std::filesystem::remove(files_.data / "postmaster.pid", ignored);
    // In this directory there is no other server's.
    std::filesystem::remove(files_.socket / ".s.PGSQL.5432", ignored);
    std::filesystem::remove(files_.socket / ".s.PGSQL.5432.lock", ignored);
  }

  /// @return false when the server has ended instead.
  bool waitForAnswer(Clock::time_point deadline) const {
    while (PQping(target("template1").c_str()) != PQPING_OK) {
      if (!living()) return false;
      if (Clock::now() > deadline) {
        ::kill(pid_, SIGQUIT);
        throw ClusterError("the embedded database does not answer after " +
                           std::to_string(options_.start_limit.count() / 1000) + " s; see " + files_.log.string());
      }
      std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
  }

  bool waitForEnd(milliseconds limit) const {
    for (const auto deadline = Clock::now() + limit; living();) {
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
  }

  bool living() const {
    if (pid_ == 0) return false;
    // A child when we have started it, or when we are process 1 of a container; an adopted one is looked at from
    // outside.
    const pid_t ended = ::waitpid(pid_, nullptr, WNOHANG);
    if (ended == 0) return true;
    if (ended < 0 && servesDirectory(pid_, files_.data)) return true;
    pid_ = 0;  // its number may be another process's soon
    return false;
  }

  const ClusterOptions options_;
  const DataDirLock lock_;
  const ServerUser user_;
  const ClusterFiles files_;
  mutable std::mutex mutex_;  // guards what follows
  std::string socket_;
  mutable pid_t pid_ = 0;  // 0: not running
  bool stopped_ = false;
  std::atomic<bool> adopted_ = false;
};

Cluster Cluster::start(const ClusterOptions& options) {
  return Cluster(std::make_unique<Impl>(options));
}

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Cluster::Cluster(Cluster&&) noexcept = default;

Cluster::~Cluster() {
  if (!impl_) return;
  try {
    impl_->stop();
  } catch (const std::exception& error) {
    log::error("cluster", error.what());
  }
}

std::string Cluster::connectionString(std::string_view database) const {
  return impl_->connectionString(database);
}
bool Cluster::alive() const {
  return impl_->alive();
}
bool Cluster::ensureRunning() {
  return impl_->ensureRunning();
}
void Cluster::stop() {
  impl_->stop();
}
void Cluster::leaveRunning() {
  impl_->leaveRunning();
}
bool Cluster::adopted() const {
  return impl_->adopted();
}

}  // namespace patchbay::db
