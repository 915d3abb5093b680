#include "delivery/send.hpp"

#include "base/log.hpp"
#include "delivery/outbound_mail.hpp"
#include "delivery/outbound_media.hpp"
#include "delivery/send_jobs.hpp"
#include "delivery/status_ask.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::steady_clock;
using Outcome = db::LaneJob::Outcome;
using Row = FinishItem::Row;

connectors::EventError errorOf(const std::string& json, connectors::EventError otherwise) {
  if (json.empty()) return otherwise;
  const Json error = parseJson(json);
  return {error.value("class", otherwise.error_class), error.value("code", ""), error.value("text", otherwise.text)};
}

class Send : public std::enable_shared_from_this<Send> {
 public:
  Send(std::shared_ptr<Core> core, RecipientLease lease, std::shared_ptr<connectors::Channel> channel,
       std::optional<OutboxRow> row)
      : core_(std::move(core)),
        lease_(std::move(lease)),
        hold_(core_, lease_.token, {lease_.tenant, lease_.channel_name, true}),
        channel_(std::move(channel)),
        empty_(!row) {
    if (row) row_ = std::move(*row);
  }

  void decide() {
    const log::Scope scope(ids());
    const Timestamp at = now();
    if (empty_ || (row_.retry_at && *row_.retry_at > at)) return finish(item(Row::kKeep));
    if (row_.state == "started" && row_.unsafe) return interrupted(at);
    if (row_.state == "unknown" && !unknownEnded()) return;
    if (row_.expires_at <= at && row_.state == "queued") return expired();
    if (const auto until = core_->pauses.until(*channel_, at)) {
      auto rest = item(Row::kKeep);
      rest.not_before = until;
      return finish(std::move(rest));
    }
    if (row_.insist && !carryReadable()) startAnew();
    if (row_.carry && !carryReadable() && !restarted_) {
      // What another version left is not ours to read, and parts of the message may have gone.
      return unknown({"unknown", "connector_changed",
                      "the connector was changed from " + row_.version + " to " + channel_->manifest().version +
                          " in the middle of this message"},
                     at + core_->options.retry.hold);
    }
    prepare();
  }

 private:
  /// Of every line about this send; `trace_id` is the ref that the provider sees too.
  log::Ids ids() const {
    return {
        .trace_id = row_.ref, .tenant = lease_.tenant, .channel = lease_.channel_name, .message_id = row_.message_id};
  }

  FinishItem item(Row row) const {
    FinishItem item;
    item.row = row;
    item.lease = lease_;
    item.outbox_id = row_.id;
    item.message_id = row_.message_id;
    item.attempt_id = attempt_id_;
    item.attempt = row_.attempt;
    item.deferrals = row_.deferrals;
    item.possible_duplicate = row_.possible_duplicate;
    item.version = channel_->manifest().version;
    item.completes = row_.completes;
    item.ask_after = statusAskedAfter(*channel_, lease_.recipient);
    return item;
  }

  inbox::SendOutcome outcome(inbox::SendOutcome::Kind kind, connectors::EventError error, int attempts) const {
    return {kind, {}, std::move(error), row_.possible_duplicate, false, attempts};
  }

  /// The host went away after the attempt row and before the result.
  void interrupted(Timestamp at) {
    const Timestamp from = row_.started_at.value_or(at);
    StepSummary summary{"no_answer", 0, "Patchbay was stopped while this was under way"};
    unknown({"unknown", "interrupted", summary.text}, std::max(at, from + core_->options.retry.hold));
  }

  void unknown(connectors::EventError error, Timestamp until) {
    auto end = item(Row::kUnknown);
    end.attempt = row_.attempt + 1;
    end.retry_at = until;
    end.last_error = error;
    end.outcome = outcome(inbox::SendOutcome::Kind::kUnknown, std::move(error), end.attempt);
    finish(std::move(end));
  }

  /// The hold is over and nothing has settled it: the channel's policy. @return true to go on and send again
  bool unknownEnded() {
    const auto error = errorOf(row_.last_error, {"unknown", "no_answer", "no whole answer came"});
    const auto policy = channel_->settings().unknown;
    if (policy == connectors::UnknownPolicy::kHold) {
      core_->counters.add(&DeliveryStats::held);
      finish(item(Row::kHold));
      return false;
    }
    if (policy == connectors::UnknownPolicy::kFail || row_.attempt >= core_->options.retry.max_attempts ||
        row_.expires_at <= now()) {
      giveUp(error);
      return false;
    }
    row_.possible_duplicate = true;
    if (!carryReadable()) startAnew();
    return true;
  }

  bool carryReadable() const { return row_.version.empty() || row_.version == channel_->manifest().version; }

  /// From the start, since nobody can read where it stood.
  void startAnew() {
    row_.possible_duplicate |= row_.carry.has_value() && row_.parts_done > 0;
    row_.carry.reset();
    row_.step = 0;
    restarted_ = true;
  }

  void expired() { giveUp(expiredError(errorOf(row_.last_error, {}))); }

  /// For good, by our own decision: nothing has left now.
  void giveUp(connectors::EventError error) {
    if (error.error_class == "expired") core_->counters.add(&DeliveryStats::expired);
    core_->counters.add(&DeliveryStats::failed);
    auto end = item(Row::kFailed);
    end.last_error = error;
    end.outcome = outcome(inbox::SendOutcome::Kind::kFailed, std::move(error), row_.attempt);
    finish(std::move(end));
  }

  void prepare() {
    Json operation;
    try {
      operation = parseJson(row_.operation);
    } catch (const JsonError& error) {
      return rejected(error.what());
    }
    prepareMedia(core_, channel_, std::move(operation), [self = shared_from_this()](Result<PreparedMedia> media) {
      auto error = media.ok() ? std::nullopt : std::optional(media.error());
      const auto& mail = self->channel_->manifest().mail;
      if (!error && mail && mail->compose_mime) error = composeMail(*media, now());
      if (!error) return self->run(std::move(*media));
      if (error->kind != ErrorKind::kUnavailable) return self->rejected(error->message);
      Ending ending;
      ending.status = PB_TRANSIENT;
      ending.error = error->message;
      ending.carry = self->row_.carry;
      self->ended(std::move(ending));
    });
  }

  void rejected(std::string why) {
    Ending ending;
    ending.status = PB_REJECTED;
    ending.error = std::move(why);
    ending.carry = row_.carry;
    ended(std::move(ending));
  }

  void run(PreparedMedia media) {
    new_text_ = std::move(media.text);
    new_files_ = std::move(media.fetched);
    RunOptions options;
    options.channel = channel_;
    options.operation = std::move(media.operation);
    options.blobs = std::move(media.blobs);
    options.attempt = static_cast<unsigned>(row_.attempt + 1);
    options.trace_id = row_.ref;
    options.message_id = row_.message_id;
    options.step = row_.step;
    options.carry = row_.carry;
    options.unsafe_done = row_.parts_done > 0;
    options.observe = [core = core_, channel = channelKey(*channel_)](const Observed& seen) {
      core->counters.request(seen.took);
      core->breakers.record(channel, seen.server, seen.good, steady_clock::now(), luck());
    };
    auto self = shared_from_this();
    runOperation(
        std::move(options), *core_->parts.http, core_->workers,
        [self](const StepPlan& plan, std::function<void()> go) { self->begin(plan, std::move(go)); },
        [self](Ending ending) { self->ended(std::move(ending)); });
  }

  /// Commits that this step may leave from now on; only then does it.
  void begin(const StepPlan& plan, std::function<void()> go) {
    // Only the first: what later steps would go on from is not kept yet, and their server has just answered.
    if (!plan.before) {
      if (const auto wait = core_->breakers.refuses(channelKey(*channel_), plan.servers, steady_clock::now())) {
        core_->counters.add(&DeliveryStats::deferred);
        auto rest = item(Row::kKeep);
        rest.not_before = now() + *wait;
        return finish(std::move(rest));
      }
    }
    BeginItem begin;
    begin.lease = lease_;
    begin.outbox_id = row_.id;
    begin.message_id = row_.message_id;
    begin.attempt = row_.attempt + 1;
    begin.step = plan.step;
    begin.carry = plan.carry;
    begin.version = channel_->manifest().version;
    begin.unsafe = plan.unsafe;
    begin.completes = row_.completes = plan.completes;
    begin.possible_duplicate = row_.possible_duplicate;
    row_.parts_done += plan.part_done ? 1 : 0;
    begin.parts_done = row_.parts_done;
    begin.previous_attempt_id = std::exchange(attempt_id_, 0);
    begin.before = plan.before;
    begin.operation = new_text_;
    begin.files = new_files_;
    submitBegin(std::move(begin), std::move(go));
  }

  void submitBegin(BeginItem begin, std::function<void()> go) {
    const auto asked = steady_clock::now();
    auto self = shared_from_this();
    auto answer = [self, begin, go, asked](Outcome outcome, std::int64_t attempt_id) {
      self->core_->workers.post([=] { self->begun(begin, go, asked, outcome, attempt_id); });
    };
    // submit() destroys a job that it does not take.
    if (!core_->parts.lanes->submit(std::make_unique<BeginJob>(begin, core_->options.lease, answer)))
      answer(Outcome::kUnavailable, 0);
  }

  void begun(const BeginItem& begin, const std::function<void()>& go, steady_clock::time_point asked, Outcome outcome,
             std::int64_t attempt_id) {
    const bool late = steady_clock::now() - asked > core_->options.lease / 2;
    if (outcome == Outcome::kUnavailable || (outcome == Outcome::kCommitted && attempt_id && late)) {
      // Nothing has left. The fence is asked again, so waiting is safe even when the lease has run out meanwhile.
      return core_->after(core_->options.database_pause,
                          [self = shared_from_this(), begin, go] { self->submitBegin(begin, go); });
    }
    if (outcome != Outcome::kCommitted || attempt_id == 0) return letGo();
    attempt_id_ = attempt_id;
    new_text_.reset();
    new_files_.clear();
    go();
  }

  void ended(Ending ending) {
    const log::Scope scope(ids());
    // What a send tells by the way is told again by the next one; its result must not wait for it.
    if (auto events = takeEvents(*core_, *channel_, ending); !events.empty())
      core_->parts.on_events(channel_, std::move(events), [](bool) {});
    const SendState state{row_.attempt, row_.deferrals, core_->pauses.refusals(*channel_), row_.expires_at};
    const auto verdict = judge(ending, state, core_->options.retry, now(), luck());
    core_->counters.attempt(verdict.kind == Verdict::Kind::kSent ? "sent"
                            : verdict.partial                    ? "partial"
                                                                 : verdict.error.error_class);
    FinishItem end = item(Row::kDelete);
    for (const auto& pause : verdict.pauses) {
      core_->pauses.add(*channel_, pause);
      if (pause.scope == Pause::Scope::kRecipient) {
        end.not_before = pause.until;
        // A pace beside a success is about this recipient: only refusals can be meant for the channel.
        if (verdict.kind == Verdict::Kind::kSent) continue;
        if (const auto until = core_->wide_throttles.note(channelKey(*channel_), lease_.recipient, pause.until, now()))
          core_->pauses.add(*channel_, {Pause::Scope::kChannel, *until});
      }
      if (pause.refused_credentials)
        log::error("delivery", "channel paused: the provider refuses its credentials or its account",
                   {{"until", formatRfc3339(pause.until)},
                    {"class", verdict.error.error_class},
                    {"code", verdict.error.code},
                    {"reason", verdict.error.text}});
    }
    end.summary = ending.last;
    end.attempt = verdict.attempt;
    end.deferrals = verdict.deferrals;
    using Kind = inbox::SendOutcome::Kind;
    auto error = verdict.error;
    error.text = log::scrub(error.text);
    switch (verdict.kind) {
      case Verdict::Kind::kSent:
        core_->pauses.succeeded(*channel_);
        end.outcome = outcome(Kind::kSent, {}, verdict.attempt);
        break;
      case Verdict::Kind::kFailed:
        if (error.error_class == "expired") core_->counters.add(&DeliveryStats::expired);
        core_->counters.add(&DeliveryStats::failed);
        end.row = Row::kFailed;
        end.outcome = outcome(Kind::kFailed, error, verdict.attempt);
        break;
      case Verdict::Kind::kUnknown:
        end.row = Row::kUnknown;
        end.outcome = outcome(Kind::kUnknown, error, verdict.attempt);
        break;
      case Verdict::Kind::kRetry:
        end.row = Row::kQueue;
        // Statuses of what has left may come before the rest has.
        if (verdict.partial) end.outcome = outcome(Kind::kProgress, error, verdict.attempt);
        break;
    }
    if (end.outcome) {
      end.outcome->ids = verdict.ids;
      if (channel_->manifest().mail) {  // further ids are other names of the one mail, not parts
        end.outcome->mail_ids = verdict.ids;
        if (verdict.ids.size() > 1) end.outcome->ids.resize(1);
      }
    }
    if (end.row != Row::kDelete) {
      if (end.row != Row::kFailed) end.retry_at = verdict.retry_at;
      end.last_error = std::move(error);
      end.new_carry = true;
      end.carry = std::move(ending.carry);
    }
    finish(std::move(end));
  }

  void finish(FinishItem end) {
    auto self = shared_from_this();
    auto answer = [self, end](Outcome outcome, Finished finished) {
      self->core_->workers.post([=] { self->finished(end, outcome, finished); });
    };
    if (!core_->parts.lanes->submit(std::make_unique<FinishJob>(end, answer))) answer(Outcome::kUnavailable, {});
  }

  void finished(const FinishItem& end, Outcome outcome, Finished finished) {
    if (outcome == Outcome::kUnavailable) {  // what became of the message must not be lost
      return core_->after(core_->options.database_pause, [self = shared_from_this(), end] { self->finish(end); });
    }
    const log::Scope scope(ids());
    if (outcome == Outcome::kCommitted && !finished.fenced)
      log::warn("delivery", "the lease of a recipient was lost while a message was under way");
    if (outcome == Outcome::kCommitted && finished.fenced) count(end);
    letGo();
    if (finished.more) core_->wake();
  }

  void count(const FinishItem& end) const {
    using Kind = inbox::SendOutcome::Kind;
    using connectors::SendOutcome;
    auto& stats = channel_->stats();
    if (!end.outcome) {
      if (end.row == Row::kQueue) stats.count(SendOutcome::kRetry);
      return;
    }
    const auto& outcome = *end.outcome;
    stats.count(outcome.kind == Kind::kSent     ? SendOutcome::kSent
                : outcome.kind == Kind::kFailed ? SendOutcome::kFailed
                                                : SendOutcome::kUnknown);
    if (outcome.kind == Kind::kSent) return stats.outbound(now());
    const auto& error = outcome.error;
    stats.failed(now(), error.error_class + (error.code.empty() ? "" : " " + error.code) + ": " + error.text);
    log::warn("delivery", outcome.kind == Kind::kFailed ? "a message failed" : "the fate of a message is unknown",
              {{"class", error.error_class}, {"code", error.code}, {"reason", error.text}});
  }

  void letGo() { hold_.release(); }

  const std::shared_ptr<Core> core_;
  const RecipientLease lease_;
  LeaseHold hold_;
  const std::shared_ptr<connectors::Channel> channel_;
  const bool empty_;
  OutboxRow row_;
  bool restarted_ = false;
  std::int64_t attempt_id_ = 0;
  std::optional<std::string> new_text_;
  std::vector<media::File> new_files_;
};

}  // namespace

void startSend(const std::shared_ptr<Core>& core, RecipientLease lease, std::shared_ptr<connectors::Channel> channel,
               std::optional<OutboxRow> row) {
  auto send = std::make_shared<Send>(core, std::move(lease), std::move(channel), std::move(row));
  core->workers.post([send] { send->decide(); });
}

}  // namespace patchbay::delivery
