/// What a connector says of itself: plugins/<id>/manifest.json, checked and typed (sdk/schema/manifest.schema.json).
#pragma once

#include <chrono>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "base/json_schema.hpp"
#include "base/result.hpp"

namespace patchbay::connectors {

/// One way to verify a webhook. Which members count depends on `kind`; `key`, `user` and `password` name configuration
/// keys.
struct SignatureScheme {
  enum class Kind { kHmac, kHmacUrlForm, kToken, kBasic, kEcdsa, kSns, kNone } kind = Kind::kNone;
  std::string name;  ///< as the manifest says it: "hmac"
  crypto::Hash hash = crypto::Hash::kSha256;
  std::string header;  ///< that holds the code
  std::string prefix;
  bool base64 = false;  ///< else lower-case hex
  bool list = false;    ///< the header may hold several codes, with blanks between them; one that is right is enough
  bool base64_key = false;  ///< the key's value is base64 of the key, after key_prefix
  std::string key_prefix;   ///< that may stand before the key's value
  std::string over;         ///< template; "{body}" is the usual one
  std::string timestamp_header;
  std::chrono::seconds tolerance{300};  ///< 0: the age is not checked
  enum class In { kHeader, kQuery, kPath } in = In::kHeader;
  std::string parameter;  ///< of a token: name of the header or query parameter
  std::string key;
  std::string user;
  std::string password;
  std::string topics;       ///< of sns: key of the topics that are accepted, a text or a list
  std::string min_version;  ///< of sns: key of the lowest signature version that is accepted; may be empty

  /// The configuration keys without which the scheme cannot work.
  std::vector<std::string> keys() const;
};

struct WebhookPath {
  std::string suffix;
  std::vector<SignatureScheme> signatures;  ///< in order of preference, at least one
  std::string handshake_key;                ///< of hub_challenge; empty: no handshake
  bool confirm = false;                     ///< sns_confirm: the host confirms subscriptions
  std::size_t max_body = 4U << 20U;         ///< bytes
  bool decode_form = false;
  int ack_status = 200;
  std::string ack_content_type = "text/plain";
  std::string ack_body;
};

/// The connector carries mail. `from`, `name` and `reply_to` are configuration keys; the last two may be empty.
struct MailRule {
  std::string from;
  std::string name;
  std::string reply_to;
  bool compose_mime = false;  ///< the host composes; else the provider does, from fields
};

/// Where requests may go: a host pattern, or the host of the URL that a configuration key holds. Exactly one is set.
struct Egress {
  std::string pattern;  ///< "graph.example.com", "*.example.com" or "api.{region}.example.com"; https on port 443
  std::string config_key;

  /// `pattern` with each {key} replaced from the channel's configuration; empty, which no host is, when a value is
  /// missing or is more than one label.
  std::string hostIn(const Json& config) const;
};

/// A property of the connector's configuration.
struct ConfigKey {
  std::string name;
  bool secret = false;
  std::string env;  ///< environment variable that fills it when the file leaves it out; empty: none
  Json schema;
};

/// Immutable after parsing.
struct Manifest {
  std::string id;
  std::string name;
  std::string version;
  std::string vendor;
  std::string license;
  std::string docs;
  std::string platform;
  std::string account_key;  ///< configuration key whose value is the channel's own `account` in events; may be empty
  std::vector<ConfigKey> config_keys;
  JsonSchema config;  ///< of the channel's configuration
  std::vector<WebhookPath> webhooks;
  std::optional<std::chrono::milliseconds> poll_interval;
  Json poll_when = Json::object();  ///< key of config -> value: all must be so, else a channel does not poll
  std::vector<Egress> egress;
  std::optional<MailRule> mail;
  Json capabilities;         ///< by address kind, as it stands in the manifest
  bool media_links = false;  ///< its provider fetches files by their address
  bool reentrant = false;
  bool isolate = false;  ///< asks for a worker, unless the admin says otherwise
  std::string text;      ///< the bytes it was read from

  const ConfigKey* configKey(std::string_view key) const;

  /// Whether a channel with these settings (complete, with defaults) is polled.
  bool polls(const Json& config) const;

  /// @param text  JSON, at most 1 MiB.
  /// @return kInvalid: one line for people, and every broken rule in `fields` with its JSON pointer.
  static Result<Manifest> parse(std::string_view text);
};

}  // namespace patchbay::connectors
