/// From the Authorization header to a Principal.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/jwks.hpp"
#include "api/jwt.hpp"
#include "api/principal.hpp"
#include "base/result.hpp"

namespace patchbay::api {

/// An API key that exists, is not revoked and has not expired, as the database has it.
struct ApiKey {
  std::int64_t id = 0;
  std::string tenant;  ///< slug
  std::string name;
  Role role = Role::kTenantUser;
  std::optional<Timestamp> expires_at;
  std::vector<std::string> scopes = {};  ///< permissions; empty: what the role may
};

/// For so long a host that has just seen a key goes on taking it after it was revoked, and does not see a new one that
/// was tried too early.
inline constexpr std::chrono::seconds kApiKeyMemory{5};

/// Looks a key up by the SHA-256 of its text. May block. @throws db::Unavailable
using FindApiKey = std::function<std::optional<ApiKey>(std::string_view key_hash)>;

struct AuthSettings {
  std::string secret;  ///< for HS256, 32 bytes at least
  JwtRules rules;
  /// The token's word for a role -> ours ("super_admin", "service", "tenant_admin", "tenant_user"). Our own words
  /// need no entry. "none" stands for a token without a role.
  std::map<std::string, std::string> roles = {
      {"admin", "tenant_admin"}, {"manager", "tenant_user"}, {"user", "tenant_user"}, {"none", "tenant_user"}};
};

/// Since start.
struct AuthStats {
  std::uint64_t refused = 0;           ///< requests without a good token, 401
  std::uint64_t keys_unavailable = 0;  ///< requests that could not be judged, 503: the issuer does not answer
  std::uint64_t key_lookups = 0;       ///< API keys that the database was asked for
  std::size_t remembered = 0;          ///< credentials in memory now
};

/// Thread-safe.
class Authenticator {
 public:
  /// @param issuer  keys for RS256 and ES256; must outlive the authenticator; null: HS256 alone
  /// @throws std::invalid_argument  the secret is too short or a published one, or a role maps to a word that is not
  /// ours
  Authenticator(AuthSettings settings, FindApiKey find_api_key, Jwks* issuer = nullptr);

  /// Never blocks, so it may run on an I/O thread.
  /// @param authorization  value of the header, empty when there is none
  /// @return nothing when only the database can tell (an API key that is not in memory) or the issuer (a token signed
  ///         with a key that is not known yet): ask authenticate()
  std::optional<Result<Principal>> authenticateFast(std::string_view authorization, Timestamp now);

  /// May block on the database for an API key, and up to Jwks::Options::patience on the issuer.
  /// @return kUnavailable keys_unavailable when the issuer's keys cannot be had now. @throws db::Unavailable
  Result<Principal> authenticate(std::string_view authorization, Timestamp now);

  /// Forgets what is remembered of API keys (a key was revoked).
  void forgetApiKeys();

  AuthStats stats() const;

 private:
  using Digest = std::string;  // SHA-256 of the credential: the credential itself is not kept
  struct Remembered {
    Result<Principal> outcome;
    Timestamp until;
    std::list<Digest>::iterator used;
    std::uint64_t keys;  ///< generation of the issuer's keys that it was verified with; 0: not with those
  };

  std::optional<Result<Principal>> judgeFast(std::string_view authorization, Timestamp now);
  Result<Principal> judge(std::string_view authorization, Timestamp now);
  std::optional<Result<Principal>> recall(const Digest& digest, Timestamp now);
  void remember(const Digest& digest, const Result<Principal>& outcome, Timestamp until, std::uint64_t keys = 0);
  Result<Principal> authenticateKey(std::string_view text, Timestamp now);
  /// @return kUnauthorized with code kUnknownKey when the issuer could be asked
  Result<Principal> authenticateToken(std::string_view token, const Digest& digest, Timestamp now);
  Result<Principal> principalOf(const Json& claims) const;

  const AuthSettings settings_;
  const FindApiKey find_api_key_;
  Jwks* const issuer_;
  std::map<std::string, Role, std::less<>> roles_;

  std::atomic<std::uint64_t> refused_{0}, keys_unavailable_{0}, key_lookups_{0};
  mutable std::mutex mutex_;
  std::unordered_map<Digest, Remembered> memory_;  // guarded by mutex_
  std::list<Digest> recent_;                       // guarded by mutex_; most recently used first
};

/// A new key ("pb_" and 43 characters) and what the database keeps of it.
struct NewApiKey {
  std::string text;    ///< shown once, kept nowhere
  std::string hash;    ///< raw SHA-256
  std::string prefix;  ///< first characters, so that people can tell keys apart
};
NewApiKey newApiKey();
std::string apiKeyHash(std::string_view text);

/// What issueToken() writes into a token.
struct TokenRequest {
  std::string subject;  ///< a user's UUID, or a service's name
  std::string username;
  std::string role = "tenant_user";
  std::string type = "access";
  std::string tenant_slug;  ///< empty: none
  std::chrono::seconds lifetime{std::chrono::hours{24}};
  std::vector<std::string> permissions = {};  ///< empty: no such claim
};
std::string issueToken(const AuthSettings& settings, const TokenRequest& request, Timestamp now);

/// The signing secret of this installation: `data_dir`/jwt-secret, made at the first start with mode 0600.
/// @throws std::runtime_error  naming the file: cannot be made or read, or readable by others
std::string loadOrCreateJwtSecret(const std::filesystem::path& data_dir);

/// Why `secret` may not sign tokens; nothing when it may.
std::optional<std::string> secretWeakness(std::string_view secret);

}  // namespace patchbay::api
