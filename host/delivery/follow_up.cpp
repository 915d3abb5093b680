#include "delivery/follow_up.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "delivery/due_run.hpp"
#include "delivery/send_store.hpp"
#include "inbox/follow_up.hpp"

namespace patchbay::delivery {
namespace {

/// Waits for a paused channel count here too, so that a job ends one day.
constexpr int kMaxFollowUpTries = 30;
constexpr std::size_t kMaxLeftOver = 60'000;  // bytes kept of a job that is given up

/// The webhook may have been the only sign of a message: what it asked for is kept in quarantine.
connectors::Event leftOver(const std::string& why, std::string_view payload) {
  connectors::Event event;
  event.kind = connectors::EventKind::kUnparsed;
  event.timestamp = now();
  event.raw = cleanText(payload.substr(0, kMaxLeftOver));
  event.why = "requests that a webhook led to are given up: " + why;
  return event;
}

class FollowUpRun : public DueRun, public std::enable_shared_from_this<FollowUpRun> {
 public:
  FollowUpRun(std::shared_ptr<Core> core, DueLease lease, std::shared_ptr<connectors::Channel> channel)
      : DueRun(std::move(core), std::move(lease), std::move(channel)),
        job_(inbox::fromPayload(lease_.payload, *channel_)) {}

  void start() {
    if (job_.started && job_.unsafe)
      return giveUp("Patchbay was stopped while a request was under way; whether it was made is not known");
    if (job_.until <= now()) return giveUp("they could not be made in time");
    if (job_.carry && job_.version != channel_->manifest().version)
      return giveUp("the connector was changed from " + job_.version + " to " + channel_->manifest().version);
    RunOptions options;
    options.channel = channel_;
    options.operation = {{"kind", "receive"}, {"id", std::to_string(lease_.id)}};
    for (const auto& [id, stored] : job_.blobs) {
      const auto path = core_->parts.store->find(stored.sha256);
      if (!path) return giveUp("a file that they need is gone");
      Blob blob;
      blob.path = *path;
      blob.size = static_cast<std::uint64_t>(stored.size);
      blob.sha256 = stored.sha256;
      options.blobs[id] = std::move(blob);
    }
    options.attempt = static_cast<unsigned>(lease_.attempt + 1);
    options.trace_id = "webhook-" + std::to_string(lease_.id);
    options.step = job_.step;
    if (job_.step == 0) options.requests = job_.requests;
    options.carry = job_.carry;
    options.unsafe_done = job_.unsafe_done;
    auto self = shared_from_this();
    runOperation(
        std::move(options), *core_->parts.http, core_->workers,
        [self](const StepPlan& plan, std::function<void()> go) { self->begin(plan, std::move(go)); },
        [self](Ending ending) { self->ended(std::move(ending)); });
  }

 private:
  void begin(const StepPlan& plan, std::function<void()> go) {
    job_.step = plan.step;
    job_.carry = plan.carry;
    job_.version = channel_->manifest().version;
    job_.started = true;
    job_.unsafe = plan.unsafe;
    job_.unsafe_done |= plan.part_done;
    save(std::move(go));
  }

  /// The step is on record, then it leaves.
  void save(std::function<void()> go) {
    auto self = shared_from_this();
    core_->parts.lanes->post<bool>(
        lease_.tenant,
        [self, payload = inbox::toPayload(job_, *channel_)](db::TenantWrite& write) -> Result<bool> {
          return saveDue(write, self->lease_, payload, write.now() + self->core_->options.lease);
        },
        [self, go = std::move(go)](Result<bool> ours) {
          self->core_->workers.post([=] {
            if (!ours.ok() && ours.error().code != "internal")
              return self->core_->after(self->core_->options.database_pause, [=] { self->save(go); });
            if (ours.ok() && *ours) return go();
            self->hold_.release();  // another dispatcher has it
          });
        });
  }

  void ended(Ending ending) {
    auto events = takeEvents(*core_, *channel_, ending);
    tell(std::make_shared<const std::vector<connectors::Event>>(std::move(events)),
         std::make_shared<const Ending>(std::move(ending)));
  }

  /// What was fetched may be all there is of a message: the job ends when it is durable, and is made again after a
  /// crash.
  void tell(std::shared_ptr<const std::vector<connectors::Event>> events, std::shared_ptr<const Ending> ending) {
    if (events->empty()) return conclude(*ending);
    auto self = shared_from_this();
    core_->parts.on_events(channel_, *events, [self, events, ending](bool stored) {
      self->core_->workers.post([=] {
        if (stored) return self->conclude(*ending);
        self->core_->after(self->core_->options.database_pause, [=] { self->tell(events, ending); });
      });
    });
  }

  void conclude(const Ending& ending) {
    const auto verdict = verdictOn(ending, job_.until);
    switch (verdict.kind) {
      case Verdict::Kind::kSent:
        return stop(std::nullopt);
      case Verdict::Kind::kRetry:
        if (lease_.attempt + 1 >= kMaxFollowUpTries) break;
        job_.started = false;
        job_.step = ending.step;
        if (job_.step > 0) job_.carry = ending.carry;
        return stop(verdict.retry_at);
      default:
        break;
    }
    giveUp(verdict.error.error_class + " " + verdict.error.code + ": " + verdict.error.text);
  }

  void giveUp(const std::string& why) {
    log::error("delivery", "requests that a webhook led to are given up",
               {{"tenant", lease_.tenant}, {"channel", lease_.channel_name}, {"job", lease_.id}, {"reason", why}});
    if (!core_->parts.on_events) return stop(std::nullopt);
    auto self = shared_from_this();
    core_->parts.on_events(channel_, {leftOver(why, inbox::toPayload(job_, *channel_))}, [self, why](bool stored) {
      self->core_->workers.post([=] {
        if (stored) return self->stop(std::nullopt);
        self->core_->after(self->core_->options.database_pause, [=] { self->giveUp(why); });
      });
    });
  }

  void stop(std::optional<Timestamp> retry_at) {
    finish(shared_from_this(), [this, retry_at, payload = inbox::toPayload(job_, *channel_)](db::TenantWrite& write) {
      if (!retry_at || saveDue(write, lease_, payload, write.now())) finishDue(write, lease_, retry_at);
    });
  }

  inbox::FollowUp job_;  // as it is, or is about to be, in the database
};

}  // namespace

void startFollowUp(const std::shared_ptr<Core>& core, DueLease lease, std::shared_ptr<connectors::Channel> channel) {
  try {
    auto run = std::make_shared<FollowUpRun>(core, lease, std::move(channel));
    core->workers.post([run] { run->start(); });
  } catch (const std::exception& error) {
    log::error("delivery", "requests that a webhook led to cannot be read",
               {{"tenant", lease.tenant}, {"channel", lease.channel_name}, {"reason", error.what()}});
    core->parts.lanes->post<Done>(
        lease.tenant,
        [lease](db::TenantWrite& write) -> Result<Done> {
          finishDue(write, lease, std::nullopt);
          return Done{};
        },
        [](const Result<Done>&) {});
  }
}

}  // namespace patchbay::delivery
