/// The host's end of one worker: a child process, a socket, and deadlines. What the child sends is not trusted.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "connectors/worker/frame.hpp"

namespace patchbay::connectors::worker {

struct Options {
  /// patchbay-worker. Empty: findWorkerProgram().
  std::string program;
  /// Whom a worker becomes when the host is root. A host that is not root keeps its user.
  std::string user = "nobody";
  /// How long after its budget a turn is ended by force.
  std::chrono::milliseconds grace{3000};
  std::uint64_t memory = 1U << 30U;  ///< bytes of address space
  /// Before the start that follows a second failure in a row; doubles with each further one, up to a second.
  std::chrono::milliseconds delay{100};
  /// After this many failures in a row a channel is off for `pause`, doubled each time up to `longest`.
  unsigned failures = 5;
  std::chrono::milliseconds pause{30'000};
  std::chrono::milliseconds longest{600'000};
  bool quiet = false;  ///< failures are not logged: who asks for a turn tells them
};

/// Beside this program, or where an installation has it (../lib/patchbay).
/// @return kUnavailable when it is at none of these places; the message names them
Result<std::string> findWorkerProgram();

/// Why an exchange gave no answer. The process is gone by then.
struct Failure {
  enum class Kind { kCrashed, kLate, kViolation } kind = Kind::kCrashed;
  std::string text;         ///< for people: "the connector crashed: Segmentation fault"
  std::string system_call;  ///< the one that the sandbox forbade, by name; empty: it was not that
};

struct Answered {
  std::string payload;
  std::optional<Failure> failure;  ///< set: there is no payload
};

/// Not thread-safe: one thread at a time. Its child dies with it, and with this process, however that ends.
class Process {
 public:
  /// Starts a child, lets it load `library` and lock itself in.
  /// @return the reason for people when there is none
  static Result<std::unique_ptr<Process>> start(const Options& options, const std::string& library);

  /// Gives the child a moment to leave by itself, ends it otherwise, and waits for it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// @param frame  a whole one, header included
  /// @param wait   for all of it: after that the child is killed
  Answered exchange(const std::string& frame, FrameType answer, std::chrono::milliseconds wait);

  /// Has it ended, or said something unasked, since the last exchange?
  bool stale() const;

  std::string manifest_digest;  ///< from its hello
  std::uint32_t functions = 0;
  std::string note;

 private:
  Process(int socket, int lifeline, int pid) : socket_(socket), lifeline_(lifeline), pid_(pid) {}
  Failure end(Failure failure);
  Failure death();
  int reap();

  int socket_;
  int lifeline_;  // the child is killed by the kernel when this end closes, whoever closes it
  int pid_;       // -1: waited for
};

}  // namespace patchbay::connectors::worker
