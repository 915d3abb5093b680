/// The channels of one configuration, alive: found by the webhook route, the inbox and the dispatcher.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "app/status_report.hpp"
#include "connectors/channel.hpp"
#include "connectors/connector_set.hpp"

namespace patchbay::app {

/// What a configuration changed, in channels.
struct ChannelChanges {
  std::size_t added = 0;
  std::size_t changed = 0;  ///< other settings or another build of the connector: a new instance
  std::size_t removed = 0;
  std::size_t kept = 0;  ///< the very same instance
  std::size_t off = 0;   ///< configured, but could not be started
};

/// Immutable after construction: any thread may look up. A reload makes a new one out of the old one; who has a channel
/// of the old one in hand finishes with it.
class Channels {
 public:
  /// Brings every configured channel to life. One whose settings and library are as in `previous` keeps its instance. A
  /// connector that is missing or broken leaves its channels off; the others start.
  /// @param previous  null at the start
  Channels(const Config& config, connectors::ConnectorSet& connectors, const Channels* previous = nullptr);

  std::shared_ptr<connectors::Channel> find(std::string_view tenant, std::string_view name) const;
  /// The one channel of a platform that says `legacy_webhook: true`; null when there is none or more than one.
  std::shared_ptr<connectors::Channel> findLegacy(std::string_view platform) const;

  /// The instance that an event about `account` belongs to: `channel` itself, or its sibling (same tenant, same
  /// connector) of that account that verifies with the same secret; one POST of a provider may mix the numbers of an
  /// app. Null: none.
  std::shared_ptr<connectors::Channel> findOwner(const std::shared_ptr<connectors::Channel>& channel,
                                                 std::string_view account) const;
  std::vector<std::shared_ptr<connectors::Channel>> enabled() const;

  /// All of a tenant's, by name; those that could not be started are null.
  struct Listed {
    std::string name;
    std::string connector;
    std::shared_ptr<connectors::Channel> channel;
    std::string reason;  ///< why it could not be started
  };
  std::vector<Listed> list(std::string_view tenant) const;

  std::size_t size() const { return channels_.size(); }
  /// Of all isolated channels together.
  connectors::WorkerStats workerStats() const;
  /// Is this one of the configured channels that could not be started?
  bool isOff(std::string_view tenant, std::string_view name) const;
  /// All configured channels, by tenant and name.
  std::vector<ChannelState> states() const;
  /// The configured tenants: slug and name, in the order of the file.
  const std::vector<std::pair<std::string, std::string>>& tenants() const { return tenants_; }

  /// Against `previous`, or against nothing.
  const ChannelChanges& changes() const { return changes_; }
  /// Why channels could not be started that are new, are changed or run in `previous`: with their places in the file.
  const std::vector<Diagnostic>& failures() const { return failures_; }
  /// A log line for each channel that is not just as it was.
  void tell() const;

 private:
  /// Which build of the connector.
  struct Code {
    std::shared_ptr<connectors::Library> library;  // its identity stands for its bytes
    std::string digest;                            // instead of it when the channel is isolated: nothing is loaded here
    friend bool operator==(const Code&, const Code&) = default;
  };
  struct Entry {
    connectors::ChannelSettings given;  // as the file has them
    Code code;
    std::shared_ptr<connectors::Channel> channel;
    bool fresh = true;  // not taken over
  };
  struct Off {
    connectors::ChannelSettings given;
    std::string reason;
    std::shared_ptr<connectors::ChannelStats> stats;  // of when it ran, or null
    bool fresh = true;
  };

  static Result<Code> codeOf(const connectors::ChannelSettings& settings, connectors::ConnectorSet& connectors);
  void start(const ChannelConfig& entry, connectors::ChannelSettings settings, connectors::ConnectorSet& connectors,
             const Channels* previous);
  void fail(const ChannelConfig& entry, connectors::ChannelSettings settings, const Error& error,
            const Channels* previous);
  /// Where a channel of that name has counted; null when there was none.
  std::shared_ptr<connectors::ChannelStats> statsOf(const std::string& name) const;

  std::map<std::string, Entry, std::less<>> channels_;  // by "tenant/name"
  std::map<std::string, Off, std::less<>> off_;         // likewise
  std::vector<std::pair<std::string, std::string>> tenants_;
  ChannelChanges changes_;
  std::vector<std::string> removed_;  // "tenant/name"
  std::vector<Diagnostic> failures_;
};

/// The channels of now. Everybody asks here each time and holds what it got only for the work in hand. Thread-safe.
class LiveChannels {
 public:
  std::shared_ptr<const Channels> now() const {
    const std::lock_guard lock(mutex_);
    return channels_;
  }
  void replace(std::shared_ptr<const Channels> next) {
    const std::lock_guard lock(mutex_);
    channels_.swap(next);  // the old ones are let go without the lock
  }

 private:
  // A lock, not std::atomic<std::shared_ptr>: that of this compiler's library hides its order from ThreadSanitizer.
  mutable std::mutex mutex_;
  std::shared_ptr<const Channels> channels_ = nullptr;  // guarded by mutex_
};

/// What is wrong with the channels' own settings, by the schemas of their connectors. Loads no library; channels whose
/// connector is not there are left out. `config` may be one with mistakes of its own.
std::vector<Diagnostic> checkSettings(const Config& config, connectors::ConnectorSet& connectors);

/// The channels whose connector is not there or cannot be loaded, each with the reason. The host starts without them.
std::vector<Diagnostic> checkConnectors(const Config& config, connectors::ConnectorSet& connectors);

}  // namespace patchbay::app
