#include "connectors/worker/worker_instance.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "connectors/worker/relay.hpp"

namespace patchbay::connectors {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kWaitForTurn{30'000};

Turn failed(std::string why) {
  Turn turn;
  turn.status = PB_BUG;
  turn.error = std::move(why);
  return turn;
}

milliseconds doubled(milliseconds first, unsigned times, milliseconds longest) {
  return std::min(longest, milliseconds{first.count() << std::min(times, 20U)});
}

/// One turn at a time. As std::timed_mutex, whose pthread_mutex_clocklock ThreadSanitizer of clang 14 does not know.
class TurnMutex {
 public:
  void lock() {
    std::unique_lock guard(mutex_);
    free_.wait(guard, [this] { return !taken_; });
    taken_ = true;
  }
  bool try_lock_for(milliseconds longest) {
    std::unique_lock guard(mutex_);
    if (!free_.wait_for(guard, longest, [this] { return !taken_; })) return false;
    return taken_ = true;
  }
  void unlock() {
    {
      const std::lock_guard guard(mutex_);
      taken_ = false;
    }
    free_.notify_one();
  }

 private:
  std::mutex mutex_;  // guards taken_
  std::condition_variable free_;
  bool taken_ = false;
};

class InWorker final : public Instance {
 public:
  InWorker(worker::Options options, std::string library, const Manifest& manifest, std::string who, std::string context)
      : options_(std::move(options)),
        library_(std::move(library)),
        digest_(crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, manifest.text))),
        log_(std::move(who)),
        context_(std::move(context)) {}

  Turn create(const TurnContext& context) {
    const std::lock_guard lock(turn_);
    return start(context);
  }

  bool has(TurnKind kind) const override {
    const std::lock_guard lock(state_);
    return (functions_ & (1U << static_cast<unsigned>(kind))) != 0;
  }

  Turn run(const Stimulus& stimulus, const TurnContext& context) override {
    std::unique_lock lock(turn_, std::defer_lock);
    if (!lock.try_lock_for(kWaitForTurn)) return notStarted("other turns of this channel take too long");
    if (auto why = off(); !why.empty()) return notStarted(std::move(why));
    if (process_ && process_->stale()) {
      noteFailure({worker::Failure::Kind::kCrashed, "the worker ended between two turns", {}});
      process_.reset();
    }
    if (!process_) {
      // Only ever short: a longer pause is off().
      std::this_thread::sleep_until(notBefore());
      auto created = start(context);
      if (!created.ok()) return failed("the connector's worker cannot be started again: " + created.error);
    }
    return exchange(stimulus, context);
  }

  std::string off() const override {
    const std::lock_guard lock(state_);
    const auto left = std::chrono::ceil<std::chrono::seconds>(off_until_ - Clock::now()).count();
    if (left <= 0) return {};
    return "the connector failed " + std::to_string(failures_) + " times in a row (the last: " + last_ +
           "); this channel is off for another " + std::to_string(left) + " s";
  }

  std::optional<WorkerStats> workerStats() const override {
    const bool is_off = !off().empty();
    const std::lock_guard lock(state_);
    auto stats = stats_;
    stats.off = is_off ? 1 : 0;
    return stats;
  }

 private:
  Turn notStarted(std::string why) {
    const std::lock_guard lock(state_);
    ++stats_.not_started;
    return failed(std::move(why));
  }

  Clock::time_point notBefore() const {
    const std::lock_guard lock(state_);
    return not_before_;
  }

  /// A process with an instance in it. A failure is noted.
  Turn start(const TurnContext& context) {
    auto process = worker::Process::start(options_, library_);
    if (process && (*process)->manifest_digest != digest_)
      process = Error{ErrorKind::kInvalid, "bad_connector",
                      library_ + " has changed since this host read its manifest; restart the host"};
    if (!process) {
      noteFailure({worker::Failure::Kind::kCrashed, process.error().message, {}});
      return failed(process.error().message);
    }
    process_ = std::move(*process);
    {
      const std::lock_guard lock(state_);
      functions_ = process_->functions;
      ++stats_.starts;
      stats_.up = 1;
    }
    if (!process_->note.empty()) {
      const log::Scope scope(log_.ids());
      log::info("connectors", "the sandbox of a worker is not complete", {{"why", process_->note}});
    }
    Stimulus stimulus;
    stimulus.kind = TurnKind::kCreate;
    stimulus.context = context_;
    auto create = context;
    create.record = nullptr;
    create.budget = std::max<milliseconds>(create.budget, std::chrono::seconds{10});
    auto turn = exchange(stimulus, create);
    if (!turn.ok() && process_) {
      process_.reset();
      noteFailure({worker::Failure::Kind::kCrashed, turn.error, {}});
    }
    return turn;
  }

  Turn exchange(const Stimulus& stimulus, const TurnContext& context) {
    const auto frame = worker::encode(stimulus, context);
    if (frame.size() > worker::kMaxToWorker)
      return failed("what this turn is about has " + std::to_string(frame.size()) + " bytes; a worker takes " +
                    std::to_string(worker::kMaxToWorker));
    const auto began = Clock::now();
    auto answered = process_->exchange(frame, worker::FrameType::kReply, context.budget + options_.grace);
    const auto reply = answered.failure ? std::nullopt : worker::decodeReply(answered.payload);
    if (!reply) {
      auto failure = answered.failure
                         ? std::move(*answered.failure)
                         : worker::Failure{
                               worker::Failure::Kind::kViolation, "the worker sent a broken answer and was killed", {}};
      process_.reset();
      noteFailure(failure);
      return failed(failure.text);
    }
    auto turn = worker::replay(*reply, stimulus.kind, log_, context);
    if (stimulus.kind == TurnKind::kCreate && turn.ok() && !reply->instance) {
      turn.status = PB_BUG;
      turn.error = "create returned " + std::string{statusName(PB_OK)} + " without an instance";
    }
    turn.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    if (stimulus.kind != TurnKind::kCreate) {
      const std::lock_guard lock(state_);
      ++stats_.turns;
      failures_ = 0;
    }
    return turn;
  }

  void noteFailure(const worker::Failure& failure) {
    using Kind = worker::Failure::Kind;
    bool off = false;
    milliseconds pause{};
    {
      const std::lock_guard lock(state_);
      stats_.up = 0;
      ++(failure.kind == Kind::kLate        ? stats_.overruns
         : failure.kind == Kind::kViolation ? stats_.violations
                                            : stats_.crashes);
      ++failures_;
      last_ = failure.text;
      off = failures_ >= options_.failures;
      if (off)
        pause = doubled(options_.pause, failures_ - options_.failures, options_.longest);
      else if (failures_ > 1)
        pause = doubled(options_.delay, failures_ - 2, std::chrono::seconds{1});
      (off ? off_until_ : not_before_) = Clock::now() + pause;
    }
    if (options_.quiet) return;
    const log::Scope scope(log_.ids());
    log::error("connectors", off ? "a worker failed again; its channel is off for a while" : "a worker failed",
               {{"why", failure.text}, {"again_in_ms", pause.count()}});
  }

  const worker::Options options_;
  const std::string library_;
  const std::string digest_;
  ConnectorLog log_;
  const std::string context_;

  TurnMutex turn_;  // one turn at a time; guards process_
  std::unique_ptr<worker::Process> process_;

  mutable std::mutex state_;  // guards what follows
  std::uint32_t functions_ = 0;
  WorkerStats stats_;
  unsigned failures_ = 0;  // in a row
  std::string last_;
  Clock::time_point not_before_{};
  Clock::time_point off_until_{};
};

}  // namespace

Created createInWorker(const worker::Options& options, const std::string& library, const Manifest& manifest,
                       const std::string& who, const std::string& context, const TurnContext& turn) {
  auto instance = std::make_unique<InWorker>(options, library, manifest, who, context);
  Created created;
  created.turn = instance->create(turn);
  if (created.turn.ok()) created.instance = std::move(instance);
  return created;
}

}  // namespace patchbay::connectors
