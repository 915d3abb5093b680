/// The dispatcher's two kinds of lane job. Those of one tenant that wait together are written together.
#pragma once

#include <functional>
#include <string>

#include "db/lane.hpp"
#include "delivery/send_store.hpp"

namespace patchbay::delivery {

class BeginJob final : public db::LaneJob {
 public:
  /// @param done  lane thread: the id of the attempt row, 0 when the message is not ours any more
  using Done = std::function<void(Outcome, std::int64_t attempt_id)>;
  BeginJob(BeginItem item, std::chrono::milliseconds lease, Done done)
      : LaneJob(item.lease.tenant), item_(std::move(item)), lease_(lease), done_(std::move(done)) {}

  const void* group() const override;
  void run(db::TenantWrite& write, std::span<LaneJob* const> jobs) override;
  void finish(Outcome outcome, const std::string& error) noexcept override;

 private:
  BeginItem item_;
  std::chrono::milliseconds lease_;
  Done done_;
  std::int64_t attempt_id_ = 0;
};

class FinishJob final : public db::LaneJob {
 public:
  using Done = std::function<void(Outcome, Finished)>;
  FinishJob(FinishItem item, Done done) : LaneJob(item.lease.tenant), item_(std::move(item)), done_(std::move(done)) {}

  const void* group() const override;
  void run(db::TenantWrite& write, std::span<LaneJob* const> jobs) override;
  void finish(Outcome outcome, const std::string& error) noexcept override;

 private:
  FinishItem item_;
  Done done_;
  Finished finished_;
};

}  // namespace patchbay::delivery
