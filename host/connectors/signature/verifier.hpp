/// Verifying webhooks: the schemes that manifests name (design, section 4.2). No I/O; a few microseconds.
#pragma once

#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/signature/guard.hpp"

namespace patchbay::connectors {

/// What the webhook route answers, before or instead of the connector.
struct Verdict {
  /// kPending: nothing can be told before Verifier::certificates() has that of `url`; then verify() is asked again.
  /// kVisit: a handshake that is answered by visiting `url` first.
  enum class Kind { kPass, kHandshake, kRefused, kUnknownPath, kPending, kVisit } kind = Kind::kPass;
  http::Response answer;  ///< for kHandshake and kRefused
  std::string reason;     ///< for the log, when refused; never part of the answer
  std::string url = {};   ///< for kPending and kVisit: checked by the scheme's rules, to be asked without secrets
};

/// Guards one webhook path with the first of its schemes whose keys are configured. Thread-safe.
class Verifier {
 public:
  /// @param config  of the channel, for keys that are not secret (the user of HTTP Basic).
  /// @param url     under which the provider knows the channel's webhook, without the path's suffix.
  /// @param egress_allow  "host:port" of the admin's file, where a simulator may stand in the place of a provider.
  /// @param other_url  another one that leads to the same place; empty: none.
  /// @return kInvalid when no scheme has all of its keys; the message names the keys.
  static Result<std::unique_ptr<Verifier>> make(const WebhookPath& path, std::shared_ptr<const Secrets> secrets,
                                                const Json& config, const std::string& url = {},
                                                const std::vector<std::string>& egress_allow = {},
                                                const std::string& other_url = {});

  const WebhookPath& path() const { return path_; }
  const SignatureScheme& scheme() const { return scheme_; }

  /// True when a request to `suffix` is this verifier's business.
  bool matches(std::string_view suffix) const { return guard_->matches(path_.suffix, suffix); }

  /// The host's answer to a handshake, a refusal, or a pass.
  Verdict verify(const Webhook& webhook, Timestamp now) const;

  /// Of the scheme; null when it uses none.
  std::shared_ptr<SigningCertificates> certificates() const { return guard_->certificates(); }

  /// Adds what the provider would add, with the newest key.
  void sign(UnsignedWebhook& webhook, Timestamp now) const { guard_->sign(webhook, now); }

 private:
  Verifier(const WebhookPath& path, const SignatureScheme& scheme, Keys keys, std::unique_ptr<Guard> guard);
  Verdict handshake(const Webhook& webhook) const;

  WebhookPath path_;
  SignatureScheme scheme_;
  Keys keys_;
  std::unique_ptr<Guard> guard_;
};

}  // namespace patchbay::connectors
