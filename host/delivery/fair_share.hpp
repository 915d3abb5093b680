/// Who gets the free places: tenants first, then the channels of each, the one that has fewest. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace patchbay::delivery {

/// What a channel has and wants.
struct Demand {
  std::string tenant;
  std::size_t in_flight = 0;
  std::size_t wanted = 0;  ///< at most what its own limits leave
};

/// @param free          places in all
/// @param max_tenant    that one tenant may have in flight
/// @param start         who comes first among equals: another one each time
/// @return for each demand how many it gets
std::vector<std::size_t> fairShare(const std::vector<Demand>& demands, std::size_t free, std::size_t max_tenant,
                                   std::size_t start);

}  // namespace patchbay::delivery
