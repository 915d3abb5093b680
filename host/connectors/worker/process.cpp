#include "connectors/worker/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace patchbay::connectors::worker {
namespace fs = std::filesystem;
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kOpening{20'000};  // a busy machine may take seconds to start a process
constexpr milliseconds kLeaving{300};
constexpr std::size_t kChunk = 1U << 20U;
constexpr int kFirstFree = 10;  // above the numbers that the child gets its descriptors under

Error unavailable(std::string message) {
  return {ErrorKind::kUnavailable, "no_worker", std::move(message)};
}

Error systemError(const char* what) {
  return unavailable(std::string{what} + ": " + std::strerror(errno));
}

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

int millisecondsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// @return false when the deadline passed
bool waitFor(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    pollfd waiting{fd, events, 0};
    const int left = millisecondsUntil(deadline);
    const int ready = ::poll(&waiting, 1, left);
    if (ready > 0) return true;
    if (ready == 0 && left == 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

struct Everything {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  Everything() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~Everything() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

/// The child: descriptor 3 is its socket, 4 its lifeline, 0 and 1 are /dev/null, 2 is ours; no other is open. It is in
/// a process group of its own, so that Ctrl-C reaches the host alone, with no signal blocked and an empty environment.
/// posix_spawn() does everything between fork and exec without touching what other threads hold.
Result<int> spawn(const std::string& program, int socket, int lifeline) {
  Everything all;
  auto& actions = all.actions;
  int error = ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, socket, 3);
  if (error == 0) error = ::posix_spawn_file_actions_adddup2(&actions, lifeline, 4);
  if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&actions, 5);
  sigset_t none, every;
  ::sigemptyset(&none);
  ::sigfillset(&every);
  if (error == 0) error = ::posix_spawnattr_setsigmask(&all.attributes, &none);
  if (error == 0) error = ::posix_spawnattr_setsigdefault(&all.attributes, &every);
  if (error == 0) error = ::posix_spawnattr_setpgroup(&all.attributes, 0);
  if (error == 0)
    error = ::posix_spawnattr_setflags(&all.attributes,
                                       POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string name = program;
  std::string zone = "TZ=UTC0";  // else the first use of a date would read /etc/localtime, which the sandbox forbids
  char* arguments[] = {name.data(), nullptr};
  char* environment[] = {zone.data(), nullptr};
  pid_t pid = -1;
  if (error == 0) error = ::posix_spawn(&pid, program.c_str(), &actions, &all.attributes, arguments, environment);
  if (error != 0) return unavailable(program + " cannot be started: " + std::strerror(error));
  return pid;
}

std::string nameOf(const Trapped& trapped) {
  char* name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, trapped.system_call);
  std::string text = name == nullptr ? "number " + std::to_string(trapped.system_call) : name;
  std::free(name);
  if ((text == "write" || text == "writev") && trapped.argument == 1) text += " to standard output";
  if ((text == "write" || text == "writev") && trapped.argument == 2) text += " to standard error";
  return text;
}

std::string howItEnded(int status) {
  if (WIFSIGNALED(status)) return std::string{"the connector crashed: "} + ::strsignal(WTERMSIG(status));
  if (WIFEXITED(status)) return "the connector ended the process with status " + std::to_string(WEXITSTATUS(status));
  return "the worker ended in an unknown way";
}

}  // namespace

Result<std::string> findWorkerProgram() {
  std::error_code code;
  const auto folder = fs::read_symlink("/proc/self/exe", code).parent_path();
  std::string places;
  for (const char* place : {"patchbay-worker", "../lib/patchbay/patchbay-worker"}) {
    const auto candidate = (folder / place).lexically_normal().string();
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    places += (places.empty() ? "" : " and ") + candidate;
  }
  return unavailable("the program patchbay-worker, which isolated connectors run in, is missing (looked for " + places +
                     "); install it there, or say isolation: process");
}

Result<std::unique_ptr<Process>> Process::start(const Options& options, const std::string& library) {
  auto program = options.program;
  if (program.empty()) {
    const auto found = findWorkerProgram();
    if (!found) return found.error();
    program = *found;
  }
  Open open;
  open.library = library;
  open.memory = options.memory;
  if (::geteuid() == 0) {
    std::array<char, 16384> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(options.user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
      return unavailable("there is no user '" + options.user + "' on this system for workers to run as");
    open.drop = true;
    open.uid = entry.pw_uid;
    open.gid = entry.pw_gid;
  }

  std::array<int, 2> pair{}, pipe{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return systemError("socketpair");
  Descriptor ours(pair[0]), theirs(pair[1]);
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return systemError("pipe");
  Descriptor hanging(pipe[0]), holding(pipe[1]);
  // Out of the way of 3 and 4: the first dup2() must not overwrite what the second one reads.
  theirs.reset(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kFirstFree));
  hanging.reset(::fcntl(hanging.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (theirs.get() < 0 || hanging.get() < 0) return systemError("fcntl");
  if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return systemError("fcntl");
  const auto pid = spawn(program, theirs.get(), hanging.get());
  if (!pid) return pid.error();
  auto process = std::unique_ptr<Process>(new Process(ours.release(), holding.release(), *pid));
  theirs.reset(-1);
  hanging.reset(-1);

  const auto answer = process->exchange(encode(open), FrameType::kHello, kOpening);
  if (answer.failure) return unavailable("while the library was loaded, " + answer.failure->text);
  const auto hello = decodeHello(answer.payload);
  if (!hello) return unavailable(program + " is of another version of Patchbay");
  if (!hello->error.empty()) return Error{ErrorKind::kInvalid, "bad_connector", std::string{hello->error}};
  process->manifest_digest = hello->manifest_digest;
  process->functions = hello->functions;
  process->note = hello->note;
  return process;
}

Process::~Process() {
  if (pid_ >= 0) {
    ::shutdown(socket_, SHUT_WR);  // it reads the end and leaves
    std::array<char, 256> rest;
    const auto deadline = Clock::now() + kLeaving;
    while (waitFor(socket_, POLLIN, deadline) && ::recv(socket_, rest.data(), rest.size(), 0) > 0) {
    }
    reap();
  }
  ::close(socket_);
  ::close(lifeline_);
}

int Process::reap() {
  ::kill(pid_, SIGKILL);  // without effect on one that has ended: it stays ours until it is waited for
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

Failure Process::end(Failure failure) {
  reap();
  return failure;
}

Failure Process::death() {
  return {Failure::Kind::kCrashed, howItEnded(reap()), {}};
}

bool Process::stale() const {
  pollfd waiting{socket_, POLLIN, 0};
  return pid_ < 0 || ::poll(&waiting, 1, 0) != 0;
}

Answered Process::exchange(const std::string& frame, FrameType answer, milliseconds wait) {
  const auto failed = [](Failure failure) { return Answered{{}, std::move(failure)}; };
  const auto late = [&] {
    return failed(
        end({Failure::Kind::kLate,
             "the connector did not end its turn within " + std::to_string(wait.count()) + " ms; its worker was killed",
             {}}));
  };
  const auto garbage = [&] {
    return failed(end({Failure::Kind::kViolation, "the worker sent a broken frame and was killed", {}}));
  };
  if (pid_ < 0) return failed({Failure::Kind::kCrashed, "the worker has ended", {}});
  const auto deadline = Clock::now() + wait;
  for (std::size_t done = 0; done < frame.size();) {
    const auto sent = ::send(socket_, frame.data() + done, frame.size() - done, MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      if (!waitFor(socket_, POLLOUT, deadline)) return late();
    } else if (errno != EINTR) {
      break;  // it has ended; what it said before stands in the socket
    }
  }

  // Grows with what comes, not with what the header promises.
  const auto read = [&](std::string& bytes, std::size_t wanted) -> std::optional<Answered> {
    while (bytes.size() < wanted) {
      const auto had = bytes.size();
      bytes.resize(std::min(wanted, had + kChunk));
      const auto got = ::recv(socket_, bytes.data() + had, bytes.size() - had, 0);
      const int error = errno;
      bytes.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got > 0 || (got < 0 && error == EINTR)) {
        if (Clock::now() >= deadline && bytes.size() < wanted) return late();
      } else if (got == 0 || error != EAGAIN) {
        return failed(death());
      } else if (!waitFor(socket_, POLLIN, deadline)) {
        return late();
      }
    }
    return std::nullopt;
  };
  std::string head, bytes;
  if (auto problem = read(head, kHeaderSize)) return std::move(*problem);
  const auto header = decodeHeader(head, true);
  if (!header || (header->type != answer && header->type != FrameType::kTrapped)) return garbage();
  if (auto problem = read(bytes, header->size)) return std::move(*problem);
  if (header->type == FrameType::kTrapped) {
    const auto trapped = decodeTrapped(bytes);
    if (!trapped) return garbage();
    const auto name = nameOf(*trapped);
    return failed(end({Failure::Kind::kCrashed,
                       "the connector tried the system call " + name +
                           ", which its sandbox forbids: a turn may use memory and the clock, nothing else",
                       name}));
  }
  return {std::move(bytes), std::nullopt};
}

}  // namespace patchbay::connectors::worker
