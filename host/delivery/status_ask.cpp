#include "delivery/status_ask.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "delivery/due_run.hpp"
#include "delivery/send_store.hpp"
#include "inbox/status.hpp"

namespace patchbay::delivery {
namespace {

constexpr std::chrono::hours kAskAgain{24};
constexpr std::chrono::hours kAskAfterTrouble{1};
constexpr std::chrono::hours kAskedFor{72};

// The parts of a message that nothing final was heard of.
constexpr db::Statement kOpenParts{"status.open_parts", R"sql(
    SELECT p.provider_id
      FROM {tenant}.inbox_messages m
      JOIN {tenant}.pb_message_parts p
      ON p.message_id = m.id
      WHERE m.id = $1 AND m.status IN ('pending', 'sent') AND p.status IN ('pending', 'sent')
      ORDER BY p.part LIMIT 100)sql"};

bool isFinal(const connectors::Event& event) {
  return event.kind == connectors::EventKind::kStatus &&
         (event.status == "failed" || inbox::statusRank(event.status) >= inbox::statusRank("delivered"));
}

/// One part after the other: messages have one, nearly always.
class StatusAsk : public DueRun, public std::enable_shared_from_this<StatusAsk> {
 public:
  StatusAsk(std::shared_ptr<Core> core, DueLease lease, std::shared_ptr<connectors::Channel> channel)
      : DueRun(std::move(core), std::move(lease), std::move(channel)), payload_(parseJson(lease_.payload)) {}

  void start() {
    using Ids = std::vector<std::string>;
    core_->parts.lanes->post<Ids>(
        lease_.tenant,
        [message = payload_.value("message_id", std::int64_t{0})](db::TenantWrite& write) -> Result<Ids> {
          const auto rows = write.query(kOpenParts, db::Params().int8(message));
          Ids ids;
          for (int i = 0; i < rows.size(); ++i) ids.emplace_back(rows.text(i, 0));
          return ids;
        },
        [self = shared_from_this()](Result<Ids> ids) {
          self->core_->workers.post([self, ids = std::move(ids)] {
            if (!ids.ok()) return self->stop(now() + kAskAfterTrouble);
            self->open_ = *ids;
            self->next();
          });
        });
  }

 private:
  void next() {
    if (asked_ == open_.size()) return stop(settled_ == open_.size() ? std::nullopt : again(kAskAgain));
    RunOptions options;
    options.channel = channel_;
    options.operation = {{"kind", "status"}, {"id", std::to_string(lease_.id)}, {"message_id", open_[asked_]}};
    options.attempt = static_cast<unsigned>(lease_.attempt + 1);
    options.trace_id = "status-" + std::to_string(lease_.id);
    runOperation(std::move(options), *core_->parts.http, core_->workers, nullptr,
                 [self = shared_from_this()](Ending ending) { self->ended(std::move(ending)); });
  }

  void ended(Ending ending) {
    auto events = takeEvents(*core_, *channel_, ending);
    if (std::any_of(events.begin(), events.end(), isFinal)) ++settled_;
    if (events.empty()) return judged(ending);
    // A status that is not stored is asked for again: the part is open still.
    core_->parts.on_events(
        channel_, std::move(events),
        [self = shared_from_this(), ending = std::make_shared<Ending>(std::move(ending))](bool stored) {
          self->core_->workers.post(
              [self, ending, stored] { stored ? self->judged(*ending) : self->stop(self->again(kAskAfterTrouble)); });
        });
  }

  void judged(const Ending& ending) {
    const auto verdict = verdictOn(ending);
    if (verdict.kind == Verdict::Kind::kRetry || verdict.kind == Verdict::Kind::kUnknown)
      return stop(again(kAskAfterTrouble));
    ++asked_;
    if (verdict.kind == Verdict::Kind::kFailed) {
      ++settled_;  // it will not say more tomorrow
      log::warn("delivery", "the provider does not tell what became of a message",
                {{"tenant", lease_.tenant}, {"channel", lease_.channel_name}, {"reason", verdict.error.text}});
    }
    next();
  }

  /// Nothing when the time for asking is over.
  std::optional<Timestamp> again(std::chrono::hours pause) const {
    const auto until = parseRfc3339(payload_.value("until", "")).value_or(Timestamp{});
    const Timestamp at = now() + pause;
    return at < until ? std::optional(at) : std::nullopt;
  }

  void stop(std::optional<Timestamp> retry_at) {
    finish(shared_from_this(), [this, retry_at](db::TenantWrite& write) { finishDue(write, lease_, retry_at); });
  }

  const Json payload_;
  std::vector<std::string> open_;  // provider's ids
  std::size_t asked_ = 0;          // of these
  std::size_t settled_ = 0;        // of these: there is nothing more to learn
};

}  // namespace

std::optional<std::chrono::hours> statusAskedAfter(const connectors::Channel& channel, std::string_view recipient) {
  const auto& capabilities = channel.manifest().capabilities;
  const auto found = capabilities.find(std::string(recipient.substr(0, recipient.find(':'))));
  if (found == capabilities.end() || !found->contains("status_after_hours")) return std::nullopt;
  return std::chrono::hours(found->at("status_after_hours").get<int>());
}

std::string statusAskPayload(std::int64_t message_id, Timestamp first) {
  return dumpJson(Json{{"message_id", message_id}, {"until", formatRfc3339(first + kAskedFor + kAskAfterTrouble)}});
}

void startStatusAsk(const std::shared_ptr<Core>& core, DueLease lease, std::shared_ptr<connectors::Channel> channel) {
  auto ask = std::make_shared<StatusAsk>(core, std::move(lease), std::move(channel));
  core->workers.post([ask] { ask->start(); });
}

}  // namespace patchbay::delivery
