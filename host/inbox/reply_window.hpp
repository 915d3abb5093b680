/// How long a contact may be answered freely after their last message, as the connector's manifest says it.
#pragma once

#include <chrono>
#include <optional>
#include <patchbay/json.hpp>
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

/// Does a reaction of the contact's open the window, too?
inline bool reactionOpensWindow(const connectors::Channel& channel, std::string_view address_kind) {
  const auto& capabilities = channel.manifest().capabilities;
  const auto found = capabilities.find(std::string(address_kind));
  return found != capabilities.end() && found->value("reaction_opens_window", false);
}

/// How much longer answers may be sent when the window has closed, marked as late ones: where the connector knows how,
/// and the admin allows it.
/// @param capability  of the contact's address kind
inline std::chrono::hours lateAnswers(const connectors::Channel& channel, const Json& capability) {
  const Json extended = capability.value("extended_window", Json::object());
  const bool allowed =
      extended.is_object() && channel.settings().config.value(extended.value("key", ""), Json()) == true;
  return std::chrono::hours(allowed ? extended.at("hours").get<int>() - capability.value("window_hours", 0) : 0);
}

}  // namespace patchbay::inbox
