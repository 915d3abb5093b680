/// The channels of the configuration, alive: found by the webhook route, the inbox and the dispatcher.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "connectors/channel.hpp"
#include "connectors/connector_set.hpp"

namespace patchbay::app {

/// Immutable after construction: any thread may look up.
class Channels {
 public:
  /// Brings every configured channel to life. A connector that is missing or broken leaves its channels off, with a
  /// line in the log; the others start.
  Channels(const Config& config, connectors::ConnectorSet& connectors);

  std::shared_ptr<connectors::Channel> find(std::string_view tenant, std::string_view name) const;
  /// The one channel of a platform that says `legacy_webhook: true`; null when there is none or more than one.
  std::shared_ptr<connectors::Channel> findLegacy(std::string_view platform) const;

  /// The instance that an event about `account` belongs to: `channel` itself, or its sibling (same tenant, same connector)
  /// of that account that verifies with the same secret; one POST of a provider may mix the numbers of an app. Null: none.
  std::shared_ptr<connectors::Channel> findOwner(const std::shared_ptr<connectors::Channel>& channel,
                                                 std::string_view account) const;
  std::vector<std::shared_ptr<connectors::Channel>> enabled() const;

  std::size_t size() const { return channels_.size(); }
  /// Is this one of the configured channels that could not be started?
  bool isOff(std::string_view tenant, std::string_view name) const;

 private:
  std::map<std::string, std::shared_ptr<connectors::Channel>, std::less<>> channels_;  // by "tenant/name"
  std::set<std::string, std::less<>> off_;                                          // likewise
};

/// What is wrong with the channels' own settings, by the schemas of their connectors. Loads no library; channels whose
/// connector is not there are left out. `config` may be one with mistakes of its own.
std::vector<Diagnostic> checkSettings(const Config& config, connectors::ConnectorSet& connectors);

/// The channels whose connector is not there or cannot be loaded, each with the reason. The host starts without them.
std::vector<Diagnostic> checkConnectors(const Config& config, connectors::ConnectorSet& connectors);

}  // namespace patchbay::app
