/// Verifying webhooks: the schemes that manifests name (design, section 4.2). No I/O; a few microseconds.
#pragma once

#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/manifest.hpp"
#include "connectors/secrets.hpp"
#include "connectors/turn.hpp"

namespace patchbay::connectors {

/// What the webhook route answers, before or instead of the connector.
struct Verdict {
  enum class Kind { kPass, kHandshake, kRefused, kUnknownPath } kind = Kind::kPass;
  http::Response answer;  ///< for kHandshake and kRefused
  std::string reason;     ///< for the log, when refused; never part of the answer
};

/// The parts of a webhook that a signature can change, for whoever plays the provider (`patchbay check`).
struct UnsignedWebhook {
  std::string method;
  std::string suffix;
  std::string query;
  http::Headers headers;
  std::string body;
};

/// Guards one webhook path with the first of its schemes whose keys are configured. Immutable.
class Verifier {
 public:
  /// @param config  of the channel, for keys that are not secret (the user of HTTP Basic).
  /// @return kInvalid when no scheme has all of its keys; the message names the keys.
  static Result<std::unique_ptr<Verifier>> make(const WebhookPath& path, std::shared_ptr<const Secrets> secrets,
                                                const Json& config);

  const WebhookPath& path() const { return path_; }
  const SignatureScheme& scheme() const { return scheme_; }

  /// True when a request to `suffix` is this verifier's business.
  bool matches(std::string_view suffix) const;

  /// Compares in constant time, against every live key.
  Verdict verify(const Webhook& webhook, Timestamp now) const;

  /// Adds what the provider would add, with the newest key.
  void sign(UnsignedWebhook& webhook, Timestamp now) const;

 private:
  /// One piece of the text that an hmac covers.
  struct Piece {
    enum class Kind { kLiteral, kBody, kTimestamp, kHeader } kind;
    std::string text;  // the literal, or the header's name
  };

  Verifier() = default;
  std::string why(const Webhook& webhook, Timestamp now) const;  // empty when the signature is good
  std::string whyHmac(const Webhook& webhook, Timestamp now) const;
  std::string whyToken(const Webhook& webhook) const;
  std::string whyBasic(const Webhook& webhook) const;
  Verdict handshake(const Webhook& webhook) const;
  std::vector<std::string> valuesOf(const std::string& key) const;
  std::string code(const std::string& key, std::string_view covered) const;
  std::string covered(const http::Headers& headers, std::string_view body) const;

  WebhookPath path_;
  SignatureScheme scheme_;
  std::vector<Piece> pieces_;
  bool body_only_ = false;  // the usual template, without a copy of the body
  std::shared_ptr<const Secrets> secrets_;
  Json config_;
};

}  // namespace patchbay::connectors
