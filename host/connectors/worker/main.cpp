/// patchbay-worker: one connector's turns, in a process that can do nothing but compute. Started by the host, which
/// holds the other end of descriptor 3; not by people.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "connectors/library.hpp"
#include "connectors/worker/relay.hpp"
#include "connectors/worker/sandbox.hpp"

namespace patchbay::connectors::worker {
namespace {

constexpr int kFailed = 3;

/// @return false at the end of the stream
bool readAll(char* at, std::size_t size) {
  while (size > 0) {
    const auto got = ::read(kSocket, at, size);
    if (got == 0 || (got < 0 && errno != EINTR)) return false;
    if (got < 0) continue;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool writeAll(const std::string& frame) {
  for (std::size_t done = 0; done < frame.size();) {
    const auto put = ::write(kSocket, frame.data() + done, frame.size() - done);
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) done += static_cast<std::size_t>(put);
  }
  return true;
}

/// The payload of the next frame; nothing when the host has gone or speaks another language.
std::optional<std::string> nextFrame(FrameType type) {
  std::string head(kHeaderSize, '\0');
  if (!readAll(head.data(), head.size())) return std::nullopt;
  const auto header = decodeHeader(head, false);
  if (!header || header->type != type) return std::nullopt;
  std::string payload(header->size, '\0');
  if (!readAll(payload.data(), payload.size())) return std::nullopt;
  return payload;
}

bool refuse(const std::string& why) {
  Hello hello;
  hello.error = why;
  writeAll(encode(hello));
  return false;
}

class Worker {
 public:
  Worker() {
    host_.struct_size = sizeof host_;
    host_.abi_minor = PB_ABI_MINOR;
    host_.host_data = this;
    host_.log = [](const pb_host* host, std::uint32_t severity, pb_str text) {
      auto* recorder = static_cast<Worker*>(host->host_data)->recorder_;
      if (recorder != nullptr) recorder->log(severity, text);
    };
  }

  /// @return false: the host has been told why
  bool open(const Open& open) {
    // By its descriptor, since the user that we become may have no way to its folder (a build in root's home, say).
    const int file = ::open(open.library.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return refuse("cannot be read");
    if (auto why = lockForLoading(open); !why.empty()) return refuse("the sandbox cannot be set up: " + why);
    auto library = loader_.load("/proc/self/fd/" + std::to_string(file));
    if (!library) return refuse(library.error().message);
    ::close(file);
    library_ = std::move(*library);
    const auto digest = crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, library_->manifest().text));
    std::string note;
    if (auto why = lockForTurns(note); !why.empty()) return refuse("the sandbox cannot be set up: " + why);
    Hello hello;
    hello.manifest_digest = digest;
    hello.note = note;
    for (unsigned kind = 0; kind <= static_cast<unsigned>(TurnKind::kResumePoll); ++kind)
      if (has(library_->functions(), static_cast<TurnKind>(kind))) hello.functions |= 1U << kind;
    return writeAll(encode(hello));
  }

  /// @return false: the host has gone
  bool turn(std::string_view payload) {
    TurnFrame frame;
    if (!decodeTurn(payload, frame)) return false;
    const auto kind = frame.stimulus.kind;
    if ((kind == TurnKind::kCreate) != (instance_ == nullptr) || !has(library_->functions(), kind)) return false;
    Recorder recorder;
    recorder_ = &recorder;
    pb_instance* made = instance_;
    const auto turn = runTurn(kind, "worker", frame.context, [&](const pb_call* call) {
      return recorder.run(call, [&](const pb_call* recorded) {
        return enter(library_->functions(), host_, made, frame.stimulus, recorded);
      });
    });
    recorder_ = nullptr;
    if (kind == TurnKind::kCreate && turn.ok()) instance_ = made;
    recorder.reply().instance = instance_ != nullptr;
    return writeAll(encode(recorder.reply()));
  }

  void close() {
    if (instance_ != nullptr) library_->functions().destroy(std::exchange(instance_, nullptr));
  }

 private:
  Loader loader_{""};
  std::shared_ptr<Library> library_;
  pb_host host_{};
  pb_instance* instance_ = nullptr;
  Recorder* recorder_ = nullptr;  // of the turn that runs
};

int run() {
  if (::fcntl(kSocket, F_GETFD) < 0 || ::fcntl(kLifeline, F_GETFD) < 0) {
    std::cerr << "patchbay-worker runs the turns of one connector for `patchbay serve`, which starts it by itself.\n";
    return 2;
  }
  for (const int fatal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(fatal, SIG_DFL);  // a sanitizer's, say
  std::set_terminate([] { std::abort(); });  // the usual one writes to standard error, and that is forbidden
  log::setLevel(log::Level::kError);
  if (const auto why = holdLifeline(); !why.empty()) return kFailed;
  const auto first = nextFrame(FrameType::kOpen);
  const auto open = first ? decodeOpen(*first) : std::nullopt;
  if (!open) return kFailed;
  // Never destroyed: what the library's destructors would do is not worth a way to get stuck.
  auto& worker = *new Worker;
  if (!worker.open(*open)) ::_exit(kFailed);
  while (const auto payload = nextFrame(FrameType::kTurn))
    if (!worker.turn(*payload)) ::_exit(kFailed);
  worker.close();
  ::_exit(0);
}

}  // namespace
}  // namespace patchbay::connectors::worker

int main() {
  return patchbay::connectors::worker::run();
}
