/// Lanes::post() and Lanes::call(): a function as a lane job. Included by lane.hpp.
#pragma once

#include <future>
#include <optional>
#include <utility>

#include "db/lane.hpp"

namespace patchbay::db {

inline Error laneBusy() {
  return {ErrorKind::kUnavailable, "database_unavailable",
          "The database does not keep up or cannot be reached; try again."};
}

template <class T>
class FunctionJob final : public LaneJob {
 public:
  using Work = std::function<Result<T>(TenantWrite&)>;
  using Done = std::function<void(Result<T>)>;
  FunctionJob(std::string slug, Work work, Done done)
      : LaneJob(std::move(slug)), work_(std::move(work)), done_(std::move(done)) {}

  void run(TenantWrite& write, std::span<LaneJob* const>) override { result_.emplace(work_(write)); }

  void finish(Outcome outcome, const std::string& error) noexcept override {
    if (outcome == Outcome::kCommitted && result_) return done_(std::move(*result_));
    if (outcome == Outcome::kUnavailable) return done_(laneBusy());
    done_(Error{ErrorKind::kUnavailable, "internal", error});
  }

 private:
  Work work_;
  Done done_;
  std::optional<Result<T>> result_;
};

template <class T>
void Lanes::post(std::string slug, std::function<Result<T>(TenantWrite&)> work, std::function<void(Result<T>)> done) {
  auto busy = done;  // submit() destroys the job when it says no
  if (!submit(std::make_unique<FunctionJob<T>>(std::move(slug), std::move(work), std::move(done)))) busy(laneBusy());
}

template <class T>
Result<T> Lanes::call(std::string slug, std::function<Result<T>(TenantWrite&)> work,
                      std::chrono::milliseconds patience) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  post<T>(std::move(slug), std::move(work), [promise](Result<T> r) { promise->set_value(std::move(r)); });
  if (future.wait_for(patience) != std::future_status::ready) return laneBusy();
  return future.get();
}

}  // namespace patchbay::db
