/// What a message becomes at Twilio: one call of the Messages API, or several.
#pragma once

#include <cstdint>
#include <patchbay/turn.hpp>
#include <string>
#include <utility>
#include <vector>

namespace patchbay::twilio {

/// Characters of one Body; Twilio splits it into segments by itself. Its unit is not documented: UTF-16 never counts
/// less. Source: Messages resource, "Body ... up to 1,600 characters".
inline constexpr int kMaxBody = 1600;
inline constexpr std::size_t kMaxMmsMedia = 10;           ///< MediaUrl of one MMS
inline constexpr std::uint64_t kMaxMmsBytes = 5U << 20U;  ///< all files of one MMS; more fails after Twilio took it

/// One call: parameters beside To, From and StatusCallback, in their order.
using Part = std::vector<std::pair<std::string, std::string>>;

/// @throws TurnError  PB_REJECTED for what Twilio cannot take, PB_UNSUPPORTED for what it cannot do
std::vector<Part> planOf(const Operation& operation);

}  // namespace patchbay::twilio
