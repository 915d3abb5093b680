/// Sizes, times and refusals that the parts of Connection share.
#pragma once

#include <chrono>
#include <cstddef>

#include "edge/framing.hpp"

namespace patchbay::edge {

inline constexpr std::size_t kReadSize = std::size_t{4} << 10U;       // a header and a webhook body of 1 KB in one read
inline constexpr std::size_t kBodyReadSize = std::size_t{64} << 10U;  // bodies that are known to be larger
inline constexpr std::size_t kKeepBuffer = std::size_t{16} << 10U;    // what an idle connection may keep allocated
inline constexpr std::chrono::seconds kFarewell{2};  // to write an answer after the deadline, and to linger

inline constexpr Refusal kFailed{500, "internal_error", "the request failed inside the server"};

}  // namespace patchbay::edge
