/// A channel's own part of the admin's file, made complete and safe to hand to the connector.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "connectors/manifest.hpp"

namespace patchbay::connectors {

struct ChannelConfig {
  Json values;  ///< with environment and defaults filled in, without the secrets
  std::map<std::string, std::vector<std::string>> secrets;
  std::vector<FieldError> errors;  ///< pointers into what was given; no message repeats a value
};

/// @param given        a mapping, or null for none. A secret is a string, or a list of strings with the newest first.
/// @param environment  see ChannelFactory::Options
ChannelConfig readChannelConfig(const Manifest& manifest, const Json& given,
                                const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace patchbay::connectors
