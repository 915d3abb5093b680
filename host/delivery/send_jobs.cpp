#include "delivery/send_jobs.hpp"

namespace patchbay::delivery {
namespace {

constexpr char kBeginGroup = 0;
constexpr char kFinishGroup = 0;

}  // namespace

const void* BeginJob::group() const {
  return &kBeginGroup;
}

void BeginJob::run(db::TenantWrite& write, std::span<LaneJob* const> jobs) {
  std::vector<const BeginItem*> items;
  for (auto* job : jobs) items.push_back(&static_cast<BeginJob*>(job)->item_);
  const auto ids = beginSteps(write, items, write.now() + lease_);
  for (std::size_t i = 0; i < jobs.size(); ++i) static_cast<BeginJob*>(jobs[i])->attempt_id_ = ids[i];
}

void BeginJob::finish(Outcome outcome, const std::string&) noexcept {
  done_(outcome, attempt_id_);
}

const void* FinishJob::group() const {
  return &kFinishGroup;
}

void FinishJob::run(db::TenantWrite& write, std::span<LaneJob* const> jobs) {
  std::vector<const FinishItem*> items;
  for (auto* job : jobs) items.push_back(&static_cast<FinishJob*>(job)->item_);
  const auto finished = finishSends(write, items);
  for (std::size_t i = 0; i < jobs.size(); ++i) static_cast<FinishJob*>(jobs[i])->finished_ = finished[i];
}

void FinishJob::finish(Outcome outcome, const std::string&) noexcept {
  done_(outcome, finished_);
}

}  // namespace patchbay::delivery
