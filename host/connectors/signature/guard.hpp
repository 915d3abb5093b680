/// One signature scheme of a manifest, ready with its keys (design, section 4.2). A scheme is one file beside this one
/// and one line in makeGuard().
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "connectors/manifest.hpp"
#include "connectors/signature/keys.hpp"
#include "connectors/signature/signing_certificate.hpp"
#include "connectors/turn.hpp"

namespace patchbay::connectors {

/// The parts of a webhook that a signature can change, for whoever plays the provider (`patchbay check`).
struct UnsignedWebhook {
  std::string method;
  std::string suffix;
  std::string query;
  http::Headers headers;
  std::string body;
};

/// What a guard makes of a webhook.
struct Proof {
  std::string why = {};          ///< not empty: refused, as Guard::why() says
  std::string certificate = {};  ///< not empty: nothing can be told before Guard::certificates() has that of this URL
  std::string visit = {};        ///< not empty: proven, and a handshake that is answered by visiting this URL
};

/// Immutable but for the certificates it has met; any thread. No I/O, a few microseconds.
class Guard {
 public:
  virtual ~Guard() = default;

  /// Why the webhook is refused, for the log, without a secret in it; empty when its proof is good. Compares in
  /// constant time, against every live key.
  virtual std::string why(const Webhook& webhook, Timestamp now) const = 0;

  /// All that why() says, and more for schemes that need something from outside.
  virtual Proof prove(const Webhook& webhook, Timestamp now) const { return {.why = why(webhook, now)}; }

  /// Those that the scheme verifies with; null when it uses none.
  virtual std::shared_ptr<SigningCertificates> certificates() const { return nullptr; }

  /// Adds what the provider would add, with the newest key.
  virtual void sign(UnsignedWebhook& webhook, Timestamp now) const = 0;

  /// Whether a request to `suffix` is a webhook of the path that the manifest calls `path`.
  virtual bool matches(std::string_view path, std::string_view suffix) const { return path == suffix; }

  /// Headers that a refusal carries beside its body.
  virtual http::Headers challenge() const { return {}; }
};

/// @param url           under which the provider knows the channel's webhook, without the path's suffix.
/// @param egress_allow  "host:port" of the admin's file, where a simulator may stand in the place of a provider.
/// @param other_url     another one that leads to the same place; empty: none.
/// @return kInvalid when the manifest's scheme cannot be built; the message names the member.
Result<std::unique_ptr<Guard>> makeGuard(const SignatureScheme& scheme, Keys keys, const std::string& url,
                                         const std::vector<std::string>& egress_allow, const std::string& other_url);

}  // namespace patchbay::connectors
