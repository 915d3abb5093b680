#include "api/route_stats.hpp"

#include <algorithm>

namespace patchbay::api {

RouteStats::RouteStats(const Contract& contract)
    : contract_(contract), counters_(std::make_unique<Counters[]>(contract.operations().size() + 1)) {}

std::size_t RouteStats::indexOf(const Operation* operation) const noexcept {
  const auto& all = contract_.operations();
  return operation == nullptr ? all.size() : static_cast<std::size_t>(operation - all.data());
}

void RouteStats::count(const Operation* operation, int status) noexcept {
  const auto index = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
  counters_[indexOf(operation)].by_class[index].fetch_add(1, std::memory_order_relaxed);
}

void RouteStats::observe(const Operation* operation, std::chrono::steady_clock::duration took) noexcept {
  counters_[indexOf(operation)].seconds.observe(std::chrono::duration<double>(took).count());
}

std::vector<RouteStats::Route> RouteStats::snapshot() const {
  std::vector<Route> routes;
  const auto& all = contract_.operations();
  for (std::size_t i = 0; i <= all.size(); ++i) {
    Route route{"other", "other", {}, counters_[i].seconds.snapshot()};
    if (i < all.size()) {
      route.path = all[i].path;
      route.method = all[i].method;
    }
    for (std::size_t c = 0; c < route.by_class.size(); ++c)
      route.by_class[c] = counters_[i].by_class[c].load(std::memory_order_relaxed);
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace patchbay::api
