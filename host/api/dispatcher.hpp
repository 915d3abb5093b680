/// What happens to every request before and after its endpoint: routing, the order of refusals (contract.md section 1),
/// validation, threads, conditional answers. Knows no operation by name.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "api/authenticator.hpp"
#include "api/call.hpp"
#include "api/rate_limits.hpp"
#include "api/route_stats.hpp"
#include "api/route_table.hpp"
#include "api/worker_pool.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::api {

struct DispatcherOptions {
  std::size_t threads = 8;                   ///< of the worker pool: about as many as the read pool has connections
  std::size_t max_queued = 1024;             ///< requests that wait for one; over it 503
  std::size_t max_inline_body = 64U << 10U;  ///< bytes up to which `by_size` operations run on the I/O thread
  std::size_t max_body = 1U << 20U;          ///< of operations without a gate
  bool legacy_errors = false;                ///< YAML `api.errors: legacy`
  RateBudgets rates = {};                    ///< of each caller; by default without limit
};

class Dispatcher final : public http::Handler {
 public:
  /// Is there such a tenant? Any text may be asked for. May block; called by worker threads alone.
  using TenantState = std::function<tenancy::TenantState(const std::string& slug, const Principal& asker)>;

  /// @param contract, authenticator  must outlive the dispatcher
  /// @throws ContractError  an operation without an endpoint or an endpoint without an operation, naming all of them
  Dispatcher(const Contract& contract, Authenticator& authenticator, TenantState tenant_state, Endpoints endpoints,
             DispatcherOptions options);

  http::Limits limits(const http::Request& head, http::Response* refusal, bool* refused) override;
  void handle(http::Request request, http::Respond respond) override;

  std::size_t queued() const { return workers_.queued(); }
  WorkerStats workerStats() const { return workers_.stats(); }
  const RouteStats& stats() const { return stats_; }

 private:
  struct Target;     // where a request leads
  struct Admission;  // who asks, for which tenant

  void perform(http::Request request, http::Respond respond);
  Target route(const http::Request& request, std::optional<http::Response>& refusal) const;
  std::optional<Admission> admit(const http::Request& request, const Target& target, bool may_block,
                                 std::optional<http::Response>& refusal);
  std::optional<http::Response> authorise(const http::Request& request, const Target& target,
                                          Admission& admission) const;
  std::optional<http::Response> limitRate(const http::Request& request, const Target& target,
                                          const Admission& admission);
  void run(http::Request request, const Target& target, http::Respond respond);
  void guarded(http::Request request, const Target& target, http::Respond respond);

  const RouteTable routes_;
  Authenticator& authenticator_;
  const TenantState tenant_state_;
  const Endpoints endpoints_;
  const DispatcherOptions options_;
  RateLimits rates_;
  RouteStats stats_;
  WorkerPool workers_;  // last: its threads use what stands above
};

}  // namespace patchbay::api
