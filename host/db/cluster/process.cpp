#include "db/cluster/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "db/cluster/cluster_error.hpp"

namespace patchbay::db {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptOutput = 16U << 10U;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw ClusterError("pipe: " + errnoText(errno));
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    closeRead();
    closeWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void closeRead() {
    if (read_end >= 0) ::close(std::exchange(read_end, -1));
  }
  void closeWrite() {
    if (write_end >= 0) ::close(std::exchange(write_end, -1));
  }
};

// From here to the end of the namespace: runs between fork and exec, so async-signal-safe calls only.

bool becomeUser(const ServerUser& user) {
  return !user.switched || (::setgroups(user.groups.size(), user.groups.data()) == 0 && ::setgid(user.gid) == 0 &&
                            ::setuid(user.uid) == 0);
}

void resetSignals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Boost.Asio's sockets are not close-on-exec: a database that outlives us must not keep our port.
void closeFilesOnExec() {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int fd = 3; fd < 4096; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);  // kernels before 5.11
}

[[noreturn]] void child(const Command& command, const ServerUser& user, int output, int report, char* const* arguments,
                        char* const* environment) {
  resetSignals();
  ::setsid();  // a Ctrl-C at our terminal is for us; we stop the database in order
  ::umask(077);
  const int nothing = ::open("/dev/null", O_RDONLY);
  bool ready = nothing >= 0 && ::dup2(nothing, 0) >= 0 && ::dup2(output, 1) >= 0 && ::dup2(output, 2) >= 0;
  closeFilesOnExec();
  ready = ready && ::chdir("/") == 0 && becomeUser(user);
  // After the change of user, which clears it.
  if (ready && command.with_parent) ready = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  if (ready) ::execve(arguments[0], arguments, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

ServerUser serverUser(const std::string& name) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ServerUser user;
  user.switched = ::geteuid() == 0;
  const int error = user.switched ? ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)
                                  : ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  if (!user.switched) {
    // A container may run us under a number without a name.
    user.uid = ::geteuid();
    user.gid = ::getegid();
    user.name = found != nullptr ? found->pw_name : std::to_string(user.uid);
    return user;
  }
  if (found == nullptr) {
    throw ClusterError("the embedded database cannot run as '" + name +
                       "': " + (error != 0 ? errnoText(error) : std::string("there is no such user")) +
                       "; install PostgreSQL (it brings the user postgres), or name another in database.user");
  }
  if (found->pw_uid == 0) {
    throw ClusterError("the embedded database cannot run as '" + name + "': PostgreSQL refuses to run as root; " +
                       "name another user in database.user");
  }
  user.name = name;
  user.uid = found->pw_uid;
  user.gid = found->pw_gid;
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count) < 0) {
    user.groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(name.c_str(), user.gid, user.groups.data(), &count);
  }
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

std::filesystem::path unreachablePart(const std::filesystem::path& path, const ServerUser& user) {
  std::vector<std::filesystem::path> parts;
  std::filesystem::path part;
  for (const auto& name : std::filesystem::absolute(path).lexically_normal()) {
    part /= name;
    std::error_code ignored;
    if (!std::filesystem::exists(part, ignored)) break;
    parts.push_back(part);
  }
  const pid_t pid = ::fork();
  if (pid < 0) throw ClusterError("fork: " + errnoText(errno));
  if (pid == 0) {
    if (!becomeUser(user)) ::_exit(255);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (::access(parts[i].c_str(), X_OK) != 0) ::_exit(static_cast<int>(std::min<std::size_t>(i + 1, 254)));
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  if (code == 255) throw ClusterError("cannot become the user '" + user.name + "', who runs the embedded database");
  return code == 0 ? std::filesystem::path() : parts.at(static_cast<std::size_t>(code) - 1);
}

pid_t spawn(const Command& command, const ServerUser& user, int output) {
  std::vector<char*> arguments;
  for (const auto& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  std::string locale = "LC_ALL=C";
  std::array<char*, 3> environment = {path.data(), locale.data(), nullptr};

  Pipe report;
  const pid_t pid = ::fork();
  if (pid < 0) throw ClusterError("fork: " + errnoText(errno));
  if (pid == 0) child(command, user, output, report.write_end, arguments.data(), environment.data());
  report.closeWrite();
  int error = 0;
  ssize_t got = 0;
  while ((got = ::read(report.read_end, &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (got == 0) return pid;  // closed by a successful exec
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  throw ClusterError(command.arguments[0] + " cannot be run as the user '" + user.name + "': " + errnoText(error));
}

Finished run(const Command& command, const ServerUser& user, std::chrono::milliseconds limit) {
  Pipe output;
  const auto deadline = Clock::now() + limit;
  const pid_t pid = spawn(command, user, output.write_end);
  output.closeWrite();
  Finished finished;
  bool late = false;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{output.read_end, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      late = true;
      ::kill(-pid, SIGKILL);  // its whole session
      break;
    }
    char buffer[4096];
    const ssize_t got = ::read(output.read_end, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    finished.output.append(buffer, static_cast<std::size_t>(got));
    if (finished.output.size() > kKeptOutput) finished.output.erase(0, finished.output.size() - kKeptOutput);
  }
  while (::waitpid(pid, &finished.status, 0) < 0 && errno == EINTR) {
  }
  if (late) {
    throw ClusterError(command.arguments[0] + " took longer than " + std::to_string(limit.count() / 1000) + " s:\n" +
                       finished.output);
  }
  return finished;
}

}  // namespace patchbay::db
