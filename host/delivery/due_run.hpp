/// What all jobs of `patchbay.due` have in common: a lease that is kept while they run, and a last write that ends
/// them.
#pragma once

#include <functional>
#include <memory>

#include "delivery/core.hpp"
#include "delivery/leases.hpp"
#include "delivery/verdict.hpp"

namespace patchbay::delivery {

/// A job (outbox.hpp) that is under way. Its parts are as constant as the lease; who inherits adds what is its own.
class DueRun {
 public:
  DueRun(std::shared_ptr<Core> core, DueLease lease, std::shared_ptr<connectors::Channel> channel);

 protected:
  ~DueRun() = default;

  /// What the end of a run means for the job, and for the channel: its pauses are put on. A worker.
  /// @param until  later than this nothing is tried again
  Verdict verdictOn(const Ending& ending, Timestamp until = Timestamp::max()) const;

  /// In the tenant's lane: what ends this run, again until it is decided, however long the database is away. Then the
  /// lease is let go. A worker.
  /// @param self  keeps this job alive meanwhile
  /// @param last  the write; it is refused (and logged by the lane) when it throws, and the lease runs out by itself
  void finish(std::shared_ptr<const void> self, std::function<void(db::TenantWrite&)> last);

  const std::shared_ptr<Core> core_;
  const DueLease lease_;
  LeaseHold hold_;
  const std::shared_ptr<connectors::Channel> channel_;
};

}  // namespace patchbay::delivery
