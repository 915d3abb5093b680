#include "delivery/due_run.hpp"

namespace patchbay::delivery {

DueRun::DueRun(std::shared_ptr<Core> core, DueLease lease, std::shared_ptr<connectors::Channel> channel)
    : core_(std::move(core)),
      lease_(std::move(lease)),
      hold_(core_, lease_.token, {lease_.tenant, lease_.channel_name, false}),
      channel_(std::move(channel)) {}

Verdict DueRun::verdictOn(const Ending& ending, Timestamp until) const {
  const SendState state{lease_.attempt, 0, core_->pauses.refusals(*channel_), until};
  auto verdict = judge(ending, state, core_->options.retry, now(), luck());
  for (const auto& pause : verdict.pauses) core_->pauses.add(*channel_, pause);
  return verdict;
}

void DueRun::finish(std::shared_ptr<const void> self, std::function<void(db::TenantWrite&)> last) {
  core_->parts.lanes->post<Done>(
      lease_.tenant,
      [self, last](db::TenantWrite& write) -> Result<Done> {
        last(write);
        return Done{};
      },
      [this, self, last](const Result<Done>& done) {
        core_->workers.post([this, self, last, away = !done.ok() && done.error().code != "internal"] {
          if (away) return core_->after(core_->options.database_pause, [this, self, last] { finish(self, last); });
          hold_.release();
        });
      });
}

}  // namespace patchbay::delivery
