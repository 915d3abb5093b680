/// Makes channels out of the admin's entries: checks the settings by the connector's schema, hides the secrets, creates
/// the connector's instance.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connectors/channel.hpp"
#include "connectors/connector_set.hpp"
#include "connectors/worker/process.hpp"

namespace patchbay::connectors {

/// Does a channel with these settings run in a worker?
bool isolates(const ChannelSettings& settings, const Manifest& manifest);

/// For the main thread; the channels that come out are thread-safe.
class ChannelFactory {
 public:
  struct Options {
    /// Looks up an environment variable, for keys with `x-env`. Left out: the process's own environment.
    std::function<std::optional<std::string>(const std::string& name)> environment = {};
    /// Of the markers. Left out: 128 random bits, one for all channels of this factory. Empty: the fixed markers
    /// {{secret:NAME}} of `patchbay check`.
    std::optional<std::string> nonce = std::nullopt;
    worker::Options worker = {};  ///< of isolated channels
  };

  explicit ChannelFactory(ConnectorSet& connectors) : ChannelFactory(connectors, Options{}) {}
  ChannelFactory(ConnectorSet& connectors, Options options);

  /// @return kNotFound or kInvalid (see ConnectorSet::load) for the connector; kInvalid with code "bad_channel_config"
  /// for
  ///         the settings: then `fields` name each broken rule with a JSON pointer into `settings.config` (a missing
  ///         key by where it should stand). No message repeats a value.
  Result<std::shared_ptr<Channel>> create(ChannelSettings settings);

  /// The same checks without loading the library: for `patchbay check-config`.
  /// @return empty when the settings fit
  std::vector<FieldError> check(const Manifest& manifest, const Json& config) const;

 private:
  ConnectorSet& connectors_;
  Options options_;
};

}  // namespace patchbay::connectors
