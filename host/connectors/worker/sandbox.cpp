#include "connectors/worker/sandbox.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace patchbay::connectors::worker {
namespace {

// A sanitizer's runtime maps terabytes, reads /proc and writes reports: no filter and no limit that it would survive.
#if PATCHBAY_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

std::string failed(const char* what) {
  return std::string{what} + ": " + std::strerror(errno);
}

std::string limit(__rlimit_resource resource, rlim_t most, const char* name) {
  const rlimit both{most, most};
  return ::setrlimit(resource, &both) == 0 ? std::string{} : failed(name);
}

/// Last words. The filter raises SIGSYS before the system call does anything; this says which it was and ends.
void onForbidden(int, siginfo_t* info, void* context) {
  std::int64_t argument = 0;
#if defined(__x86_64__)
  argument = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RDI];
#elif defined(__aarch64__)
  argument = static_cast<std::int64_t>(static_cast<ucontext_t*>(context)->uc_mcontext.regs[0]);
#else
  (void)context;
#endif
  const auto frame = encodeTrapped(info->si_syscall, argument);
  [[maybe_unused]] const auto sent = ::write(kSocket, frame.bytes, sizeof frame.bytes);
  ::_exit(1);
}

// The macros of seccomp.h for these are C99.
scmp_arg_cmp equals(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_TRAP), ::seccomp_release) {
    if (!context_) error_ = "seccomp_init failed";
    check(::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    check(::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_NNP, 0));  // set already
  }

  template <class... Comparisons>
  void allow(int call, Comparisons... comparisons) {
    check(::seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, call, sizeof...(comparisons), comparisons...));
  }
  void allowAll(std::initializer_list<int> calls) {
    for (const int call : calls) allow(call);
  }
  std::string load() {
    if (error_.empty()) check(::seccomp_load(context_.get()));
    return error_;
  }

 private:
  void check(int result) {
    if (result != 0 && error_.empty()) error_ = std::string{"the system call filter: "} + std::strerror(-result);
  }

  std::unique_ptr<void, void (*)(void*)> context_;
  std::string error_;
};

/// What is allowed while loading as well as later.
void allowAlways(Filter& filter) {
  const auto ours = static_cast<scmp_datum_t>(kSocket);
  filter.allow(SCMP_SYS(write), equals(0, ours));
  filter.allowAll({SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
                   SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(clock_getres),
                   SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall)});
  // What abort() and raise() need to end this process by a signal that says why. A signal to anybody else is none of
  // it. (A SIGSYS that is blocked kills.)
  filter.allowAll({SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask)});
  for (const scmp_datum_t fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    filter.allow(SCMP_SYS(tgkill), equals(0, static_cast<scmp_datum_t>(::getpid())), equals(2, fatal));
}

/// Landlock's own system calls; bookworm's header knows neither TRUNCATE nor the network.
std::string lockFiles() {
  const auto abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, std::uint32_t{LANDLOCK_CREATE_RULESET_VERSION});
  if (abi < 0) return "this kernel has no Landlock";
  struct {
    std::uint64_t files;
    std::uint64_t network;
  } handled{};
  handled.files = (std::uint64_t{1} << (abi >= 3 ? 15 : abi >= 2 ? 14 : 13)) - 1;
  handled.network = abi >= 4 ? 3 : 0;
  const auto rules = ::syscall(SYS_landlock_create_ruleset, &handled, abi >= 4 ? sizeof handled : sizeof handled.files,
                               std::uint32_t{0});
  if (rules < 0) return failed("Landlock");
  const auto result = ::syscall(SYS_landlock_restrict_self, static_cast<int>(rules), std::uint32_t{0});
  const auto why = result == 0 ? std::string{} : failed("Landlock");
  ::close(static_cast<int>(rules));
  return why;
}

int compareInts(const void* a, const void* b) {
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

/// What the C library asks the system once and remembers. A connector that uses it later asks nothing.
void warmUp() {
  ::tzset();
  int numbers[1024];
  for (int i = 0; i < 1024; ++i) numbers[i] = (i * 7919) % 1024;
  std::qsort(numbers, 1024, sizeof numbers[0], compareInts);  // how much memory there is
}

}  // namespace

std::string holdLifeline() {
  if (::fcntl(kLifeline, F_SETOWN, ::getpid()) != 0 || ::fcntl(kLifeline, F_SETSIG, SIGKILL) != 0 ||
      ::fcntl(kLifeline, F_SETFL, O_ASYNC | O_NONBLOCK) != 0)
    return failed("the lifeline");
  pollfd waiting{kLifeline, POLLIN, 0};
  if (::poll(&waiting, 1, 0) != 0) return "the host has ended";
  return {};
}

std::string lockForLoading(const Open& open) {
  for (const auto& why : {limit(RLIMIT_CORE, 0, "RLIMIT_CORE"), limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"),
                          limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC"), limit(RLIMIT_NOFILE, 32, "RLIMIT_NOFILE"),
                          limit(RLIMIT_MEMLOCK, 0, "RLIMIT_MEMLOCK"), limit(RLIMIT_MSGQUEUE, 0, "RLIMIT_MSGQUEUE"),
                          open.memory == 0 || kSanitized ? std::string{} : limit(RLIMIT_AS, open.memory, "RLIMIT_AS")})
    if (!why.empty()) return why;
  if (open.drop) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(open.gid, open.gid, open.gid) != 0 ||
        ::setresuid(open.uid, open.uid, open.uid) != 0)
      return failed("becoming an unprivileged user");
    // The lifeline's signal is sent in the name of whom it was set for.
    if (auto why = holdLifeline(); !why.empty()) return why;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("PR_SET_DUMPABLE");
  warmUp();
  struct sigaction action {};
  action.sa_sigaction = onForbidden;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) return failed("sigaction");
  if (kSanitized) return {};

  Filter filter;
  allowAlways(filter);
  filter.allowAll(
      {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat),
       SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
       SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(mmap),
       SCMP_SYS(mprotect), SCMP_SYS(getrandom), SCMP_SYS(sysinfo),
       // Locking further: the filter for turns, and Landlock.
       SCMP_SYS(prctl), SCMP_SYS(seccomp), SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_restrict_self)});
  filter.allow(SCMP_SYS(openat), masked(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
  filter.allow(SCMP_SYS(open), masked(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
  return filter.load();
}

std::string lockForTurns(std::string& note) {
  if (kSanitized) {
    note = "this worker is built with a sanitizer: no system call filter";
    return {};
  }
  note = lockFiles();
  Filter filter;
  allowAlways(filter);
  filter.allow(SCMP_SYS(read), equals(0, static_cast<scmp_datum_t>(kSocket)));
  filter.allow(SCMP_SYS(mmap), masked(2, PROT_EXEC, 0), masked(3, MAP_ANONYMOUS, MAP_ANONYMOUS));
  filter.allow(SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0));
  return filter.load();
}

}  // namespace patchbay::connectors::worker
