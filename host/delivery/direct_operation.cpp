#include "delivery/direct_operation.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "delivery/workers.hpp"

namespace patchbay::delivery {
namespace {

using Clock = std::chrono::steady_clock;

DirectOutcome failed(std::string error_class, std::string code, std::string text) {
  DirectOutcome outcome;
  outcome.error = {std::move(error_class), std::move(code), log::scrub(std::move(text))};
  return outcome;
}

/// A turn's status as a class of result.schema.json.
std::string classOf(std::int32_t status) {
  switch (status) {
    case PB_AUTH:
      return "auth";
    case PB_RATE_LIMITED:
      return "rate_limited";
    case PB_REJECTED:
    case PB_INVALID_INPUT:
      return "request";
    case PB_UNSUPPORTED:
      return "unsupported";
    default:
      return "transient";
  }
}

DirectOutcome outcomeOf(const Ending& ending) {
  if (ending.lost) return failed("unknown", "no_answer", ending.error);
  if (ending.status != PB_OK)
    return failed(classOf(ending.status), std::string(connectors::statusName(ending.status)), ending.error);
  DirectOutcome outcome;
  if (ending.result->at("status") == "sent") {
    outcome.ok = true;
    outcome.result = *ending.result;
    return outcome;
  }
  const Json error = ending.result->value("error", Json::object());
  outcome = failed(error.value("class", "unknown"), error.value("code", ""), error.value("text", ""));
  if (const auto wait = error.find("retry_after"); wait != error.end())
    outcome.retry_after = std::chrono::ceil<std::chrono::seconds>(std::chrono::duration<double>(wait->get<double>()));
  else
    outcome.retry_after = ending.retry_after;
  return outcome;
}

}  // namespace

struct DirectOperations::State {
  State(Options o, HttpClient& c, Heed h) : options(o), client(c), heed(std::move(h)), workers(o.threads) {}

  /// One operation, until the first of answer and deadline.
  struct Waiter {
    Done done;
    std::atomic<bool> told{false};
    void tell(DirectOutcome outcome) {
      if (!told.exchange(true)) done(std::move(outcome));
    }
  };

  void watchDeadlines();

  const Options options;
  HttpClient& client;
  const Heed heed;
  Workers workers;

  mutable std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  bool stopping = false;
  std::multimap<Clock::time_point, std::weak_ptr<Waiter>> deadlines;
  std::size_t posted = 0;
  Stats stats;
};

void DirectOperations::State::watchDeadlines() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (deadlines.empty()) {
      changed.wait(lock);
      continue;
    }
    const auto first = deadlines.begin();
    if (first->first > Clock::now()) {
      changed.wait_until(lock, first->first);
      continue;
    }
    const auto waiter = first->second.lock();
    deadlines.erase(first);
    if (!waiter || waiter->told) continue;
    ++stats.too_late;
    lock.unlock();
    workers.post([waiter] { waiter->tell(failed("transient", "deadline", "the provider did not answer in time")); });
    lock.lock();
  }
}

DirectOperations::DirectOperations(Options options, HttpClient& client, Heed heed)
    : state_(std::make_shared<State>(options, client, std::move(heed))),
      watch_([state = state_] { state->watchDeadlines(); }) {}

DirectOperations::~DirectOperations() {
  stop();
}

void DirectOperations::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
  }
  state_->changed.notify_all();
  watch_.join();
  state_->workers.stop();
}

void DirectOperations::run(std::shared_ptr<connectors::Channel> channel, Json operation,
                           std::chrono::milliseconds deadline, Done done) {
  auto waiter = std::make_shared<State::Waiter>();
  waiter->done = std::move(done);
  bool busy = false;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    busy = state_->stats.in_flight >= state_->options.max_in_flight;
    if (busy) {
      ++state_->stats.refused;
    } else {
      ++state_->stats.in_flight;
      ++state_->stats.made;
      state_->deadlines.emplace(Clock::now() + deadline, waiter);
    }
  }
  if (busy) {
    state_->workers.post(
        [waiter] { waiter->tell(failed("transient", "busy", "too many operations wait for their providers")); });
    return;
  }
  state_->changed.notify_all();
  RunOptions options;
  options.channel = channel;
  options.operation = std::move(operation);
  options.trace_id = crypto::uuid4();
  // `state` in the closure keeps the workers alive until the client has given its last answer.
  runOperation(std::move(options), state_->client, state_->workers, nullptr,
               [state = state_, waiter, channel](const Ending& ending) {
                 DirectOutcome outcome = outcomeOf(ending);
                 {
                   const std::lock_guard lock(state->mutex);
                   --state->stats.in_flight;
                   if (!outcome.ok) ++state->stats.failed;
                 }
                 if (state->heed) state->heed(channel, ending);
                 waiter->tell(std::move(outcome));
               });
}

bool DirectOperations::post(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->posted >= state_->options.max_in_flight) return false;
    ++state_->posted;
  }
  return state_->workers.post([state = state_, task = std::move(task)] {
    {
      const std::lock_guard lock(state->mutex);
      --state->posted;
    }
    try {
      task();
    } catch (const std::exception& error) {  // the database is away: what nobody waits for is let go
      log::warn("delivery", "a task of a direct operation failed", {{"reason", error.what()}});
    }
  });
}

DirectOperations::Stats DirectOperations::stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stats;
}

}  // namespace patchbay::delivery
