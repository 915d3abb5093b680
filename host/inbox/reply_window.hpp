/// How long a contact may be answered freely after their last message, as the connector's manifest says it.
#pragma once

#include <optional>
#include <string_view>

#include "connectors/channel.hpp"
#include "connectors/manifest.hpp"

namespace patchbay::inbox {

/// @return hours; nothing when answers are always allowed.
inline std::optional<std::int32_t> replyWindowHours(const connectors::Channel& channel, std::string_view address_kind) {
  const auto& capabilities = channel.manifest().capabilities;
  const auto found = capabilities.find(std::string(address_kind));
  if (found == capabilities.end() || !found->contains("window_hours")) return std::nullopt;
  return found->at("window_hours").get<std::int32_t>();
}

}  // namespace patchbay::inbox
