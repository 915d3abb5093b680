#include "delivery/fair_share.hpp"

#include <map>
#include <queue>
#include <tuple>

namespace patchbay::delivery {
namespace {

/// The least loaded first; among equals by the order of this round.
using Place = std::tuple<std::size_t, std::size_t, std::size_t>;  // load, order, index
using Line = std::priority_queue<Place, std::vector<Place>, std::greater<>>;

struct Tenant {
  std::size_t load = 0;
  Line channels;
};

}  // namespace

std::vector<std::size_t> fairShare(const std::vector<Demand>& demands, std::size_t free, std::size_t max_tenant,
                                   std::size_t start) {
  const std::size_t count = demands.size();
  std::map<std::string, Tenant> tenants;
  for (std::size_t i = 0; i < count; ++i) {
    auto& tenant = tenants[demands[i].tenant];
    tenant.load += demands[i].in_flight;
    if (demands[i].wanted > 0) tenant.channels.emplace(demands[i].in_flight, (i + count - start % count) % count, i);
  }
  std::vector<Tenant*> by_index;
  Line line;
  for (auto& [name, tenant] : tenants) {
    const std::size_t n = by_index.size();
    by_index.push_back(&tenant);
    if (!tenant.channels.empty() && tenant.load < max_tenant)
      line.emplace(tenant.load, (n + tenants.size() - start % tenants.size()) % tenants.size(), n);
  }
  std::vector<std::size_t> given(count, 0);
  for (; free > 0 && !line.empty(); --free) {
    const auto [load, order, n] = line.top();
    line.pop();
    Tenant& tenant = *by_index[n];
    const auto [used, place, i] = tenant.channels.top();
    tenant.channels.pop();
    if (++given[i] < demands[i].wanted) tenant.channels.emplace(used + 1, place, i);
    if (!tenant.channels.empty() && load + 1 < max_tenant) line.emplace(load + 1, order, n);
  }
  return given;
}

}  // namespace patchbay::delivery
