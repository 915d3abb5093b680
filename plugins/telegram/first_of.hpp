#pragma once

#include <algorithm>
#include <patchbay/json.hpp>
#include <span>

namespace patchbay::telegram {

/// No more than so many: what is compared with each other must not be a list without end.
inline std::span<const Json> firstOf(const Json::array_t& items, std::size_t most) {
  return std::span(items).first(std::min(items.size(), most));
}

}  // namespace patchbay::telegram
