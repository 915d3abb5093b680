/// Applies a changed configuration to a running host, or none of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/channels.hpp"
#include "app/config.hpp"

namespace patchbay::app {

/// For the main thread. Everything that can go wrong goes wrong before anything is changed.
class Reload {
 public:
  struct Parts {
    /// Reads the configuration again, with the environment and the command line of the start.
    std::function<LoadedConfig()> load;
    connectors::Loader* loader = nullptr;
    LiveChannels* channels = nullptr;
    /// Makes a tenant that is new, or has another name. @throws std::exception  the reload is refused
    std::function<void(const TenantConfig&)> make_tenant;
    /// Applies what takes effect without a restart, beside the channels. Must not fail.
    std::function<void(const Config&)> apply;
  };

  Reload(LoadedConfig running, Parts parts);

  /// @param cause  for the log: "SIGHUP", "the file has changed"
  /// @return false when the configuration was refused; then nothing has changed, and the log says every reason with its
  ///         place in the file
  bool run(std::string_view cause);

  const LoadedConfig& running() const { return running_; }

 private:
  bool refuse(const LoadedConfig& next);

  const Keys at_start_;  // what needs a restart goes on as it was then
  LoadedConfig running_;
  const Parts parts_;
};

/// The channels that `loaded` asks for, as they are at the start. Logs each, and the libraries that are not usable.
std::shared_ptr<const Channels> startChannels(const Config& config, connectors::ConnectorSet& connectors);

}  // namespace patchbay::app
