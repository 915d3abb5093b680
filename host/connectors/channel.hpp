/// A channel instance: one entry of the admin's file, backed by a loaded connector.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/secrets.hpp"
#include "connectors/signature.hpp"
#include "connectors/turn.hpp"

namespace patchbay::connectors {

class Library;  ///< one loaded shared library (library.hpp)

/// What happens to a send whose fate is unknown when nothing has settled it.
enum class UnknownPolicy { kHold, kResend, kFail };

struct ChannelSettings {
  std::string tenant;  ///< slug
  std::string name;
  std::string connector;  ///< id
  bool enabled = true;
  bool legacy_webhook = false;
  UnknownPolicy unknown = UnknownPolicy::kHold;
  std::chrono::milliseconds ttl{std::chrono::hours{24}};  ///< a message that could not be sent for this long fails
  bool reopen = true;  ///< an inbound message reopens an archived conversation; false: it starts a new one
  std::vector<std::string> egress_allow;  ///< "host:port" where plain http and loopback are allowed (simulators)
  std::string webhook_url;
  /// The connector's own part of the file. Given to ChannelFactory with the values and secrets as the admin wrote them;
  /// in Channel::settings() complete (environment, defaults), with markers in the place of secrets: safe to print.
  Json config;

  /// Of what was given, not of what a channel made of it: a reload keeps a channel whose settings are equal.
  friend bool operator==(const ChannelSettings&, const ChannelSettings&) = default;
};

/// Thread-safe. Turns of a connector that is not reentrant wait for each other.
class Channel {
 public:
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const ChannelSettings& settings() const { return settings_; }
  const Manifest& manifest() const;
  const Secrets& secrets() const { return *secrets_; }

  /// Checks the signature over the raw bytes, in constant time, or answers the provider's handshake. Microseconds; no
  /// I/O.
  Verdict verify(const Webhook& webhook) const;
  Verdict verify(const Webhook& webhook, Timestamp now) const;

  /// Adds the signature that the provider would add, with the newest key: for `patchbay check`. Nothing for unknown
  /// paths.
  void sign(UnsignedWebhook& webhook, Timestamp now) const;

  /// The scheme that guards a webhook path; null when there is no such path.
  const SignatureScheme* signatureScheme(std::string_view suffix) const;

  /// Largest body that the webhook path takes, in bytes; 0 when there is no such path.
  std::size_t maxBody(std::string_view suffix) const;
  /// What the provider gets once the events are durable (manifest `ack`; a turn's own reply goes before it).
  http::Response acknowledgement(std::string_view suffix) const;

  Turn receive(const Webhook& webhook, const TurnContext& context);
  Turn perform(const Json& operation, const TurnContext& context);
  Turn resume(const Json& operation, std::string_view carry, std::span<const Answer> answers,
              const TurnContext& context);
  Turn poll(std::string_view cursor, const TurnContext& context);

 private:
  friend class ChannelFactory;
  struct HostServices;
  Channel();
  const Verifier* verifierFor(std::string_view suffix) const;
  std::unique_lock<std::mutex> lockTurn();

  ChannelSettings settings_;
  std::shared_ptr<Library> library_;
  std::shared_ptr<const Secrets> secrets_;
  std::vector<std::unique_ptr<Verifier>> verifiers_;
  std::unique_ptr<HostServices> host_;  // what the instance may call; outlives it
  pb_instance* instance_ = nullptr;
  std::mutex turn_;  // held for a turn unless the manifest says reentrant
};

}  // namespace patchbay::connectors
