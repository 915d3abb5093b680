/// The live values of the configuration keys that verify a channel's webhooks.
#pragma once

#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/secrets.hpp"

namespace patchbay::connectors {

/// Immutable; cheap to copy.
class Keys {
 public:
  /// @param config  of the channel, for keys that are not secret (the user of HTTP Basic, a list of topics).
  Keys(std::shared_ptr<const Secrets> secrets, const Json& config);

  /// Every live value of `key`, newest first; empty when it is not configured. Never a marker.
  std::vector<std::string> values(const std::string& key) const;

  /// The newest value of `key`, which must have one.
  std::string newest(const std::string& key) const { return values(key).front(); }

  /// Whether `value` is a live value of `key`. The time does not tell which.
  bool holds(const std::string& key, std::string_view value) const;

 private:
  std::shared_ptr<const Secrets> secrets_;
  std::shared_ptr<const Json> config_;
};

}  // namespace patchbay::connectors
