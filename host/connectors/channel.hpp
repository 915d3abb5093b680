/// A channel instance: one entry of the admin's file, backed by a loaded connector.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/channel_stats.hpp"
#include "connectors/instance.hpp"
#include "connectors/manifest.hpp"
#include "connectors/secrets.hpp"
#include "connectors/signature/verifier.hpp"
#include "connectors/turn.hpp"

namespace patchbay::connectors {

/// What happens to a send whose fate is unknown when nothing has settled it.
enum class UnknownPolicy { kHold, kResend, kFail };

/// Where a channel's turns run; kDefault: as the connector's manifest says.
enum class Isolation { kDefault, kProcess, kWorker };

struct ChannelSettings {
  std::string tenant;  ///< slug
  std::string name;
  std::string connector;  ///< id
  bool enabled = true;
  bool legacy_webhook = false;
  UnknownPolicy unknown = UnknownPolicy::kHold;
  Isolation isolation = Isolation::kDefault;
  std::chrono::milliseconds ttl{std::chrono::hours{24}};  ///< a message that could not be sent for this long fails
  bool reopen = true;  ///< an inbound message reopens an archived conversation; false: it starts a new one
  std::vector<std::string> egress_allow;  ///< "host:port" where plain http and loopback are allowed (simulators)
  std::string webhook_url;
  /// With `legacy_webhook`: the URL of old that still leads here, without the platform's word at its end.
  std::string legacy_url = {};
  std::shared_ptr<ChannelStats> stats;  ///< where it counts; none: the channel makes its own
  /// The connector's own part of the file. Given to ChannelFactory with the values and secrets as the admin wrote them;
  /// in Channel::settings() complete (environment, defaults), with markers in the place of secrets: safe to print.
  Json config;

  /// Of what was given, not of what a channel made of it: a reload keeps a channel whose settings are equal.
  friend bool operator==(const ChannelSettings&, const ChannelSettings&) = default;
};

/// Thread-safe. Turns of a connector that is not reentrant wait for each other, and so do those of a worker.
class Channel {
 public:
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const ChannelSettings& settings() const { return settings_; }
  const Manifest& manifest() const { return *manifest_; }
  const Secrets& secrets() const { return *secrets_; }
  ChannelStats& stats() const { return *settings_.stats; }

  /// Checks the signature over the raw bytes, in constant time, or answers the provider's handshake. Microseconds; no
  /// I/O.
  Verdict verify(const Webhook& webhook) const;
  Verdict verify(const Webhook& webhook, Timestamp now) const;

  /// Those that webhooks of this path are verified with, when a verdict is kPending; null when its scheme uses none.
  std::shared_ptr<SigningCertificates> certificates(std::string_view suffix) const;

  /// Adds the signature that the provider would add, with the newest key: for `patchbay check`. Nothing for unknown
  /// paths.
  void sign(UnsignedWebhook& webhook, Timestamp now) const;

  /// The scheme that guards a webhook path; null when there is no such path.
  const SignatureScheme* signatureScheme(std::string_view suffix) const;

  /// Largest body that the webhook path takes, in bytes; 0 when there is no such path.
  std::size_t maxBody(std::string_view suffix) const;
  /// What the provider gets once the events are durable (manifest `ack`; a turn's own reply goes before it).
  http::Response acknowledgement(std::string_view suffix) const;

  /// @param webhook  as it came in; where the manifest says `decode: form` it is decoded here, so that the same bytes
  ///                 give the same turn whenever they are given again. A form that cannot be read is
  ///                 PB_INVALID_INPUT. Files of the form that events or requests name are among the turn's blobs.
  Turn receive(const Webhook& webhook, const TurnContext& context);
  Turn perform(const Json& operation, const TurnContext& context);
  Turn resume(const Json& operation, std::string_view carry, std::span<const Answer> answers,
              const TurnContext& context);
  Turn poll(std::string_view cursor, const TurnContext& context);

  /// The host asks the provider for news: the manifest says so, and so do the channel's settings.
  bool polls() const { return manifest_->polls(settings_.config); }

  /// Turns run in a process of their own: a call takes as long as its budget and some seconds more at worst, so it is
  /// not for an I/O thread. A turn whose worker dies, hangs or lies is PB_BUG.
  bool isolated() const { return isolated_; }
  /// Why the channel takes no turns for the moment, after failures of its worker in a row; empty: it does.
  std::string off() const { return instance_->off(); }
  /// Nothing for a channel that is not isolated.
  std::optional<WorkerStats> workerStats() const { return instance_->workerStats(); }

 private:
  friend class ChannelFactory;
  Channel();
  const Verifier* verifierFor(std::string_view suffix) const;
  Turn run(const Stimulus& stimulus, const TurnContext& context, const char* function);
  Turn runWatched(const Stimulus& stimulus, const TurnContext& context);

  ChannelSettings settings_;
  std::shared_ptr<const Manifest> manifest_;
  std::shared_ptr<const Secrets> secrets_;
  std::vector<std::unique_ptr<Verifier>> verifiers_;
  bool isolated_ = false;
  std::unique_ptr<Instance> instance_;
};

}  // namespace patchbay::connectors
