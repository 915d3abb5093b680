/// JSON Web Tokens: HS256 with our secret; RS256 and ES256 with the keys that an issuer publishes.
///
/// Written out instead of Poco::JWT: its verify() does not look at exp and nbf (engineering facts, 4.3), it parses with
/// Poco::JSON, which converts types silently, and it has more algorithms than one key may have. What remains is a page.
#pragma once

#include <chrono>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

#include "api/jwks.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace patchbay::api {

/// Longer tokens are refused unread.
inline constexpr std::size_t kMaxTokenBytes = 8192;

/// A neighbour's clock may be this far ahead of ours (`nbf`). `exp` has no such grace.
inline constexpr std::chrono::seconds kClockSkew{5};

/// What a token must say beyond a good signature. An empty string is not checked.
struct JwtRules {
  std::string issuer;
  std::string audience;
};

/// What may have signed a token. The secret is for HS256 alone, a key of the issuer's for its own algorithm alone: a
/// public key can never be taken for a secret (RFC 8725, 2.1).
struct JwtKeys {
  std::string_view secret;
  const JwkSet* issuer = nullptr;  ///< null: no issuer is configured
};

/// Code of the refusal of a token whose `kid` is not among the issuer's keys: asking the issuer again may help.
inline constexpr std::string_view kUnknownKey = "unknown_key";

/// Checks form, algorithm (the key's own), signature (of HS256 in constant time), `exp` (required), `nbf`, `iss`,
/// `aud`. Pure.
/// @return the claims; kUnauthorized with a reason that never quotes the token.
Result<Json> verifyJwt(std::string_view token, const JwtKeys& keys, const JwtRules& rules, Timestamp now);

/// `kid` of a token's header, unverified; "" when there is none.
std::string keyIdOf(std::string_view token);

/// Signs `claims` with HS256.
std::string signJwt(const Json& claims, std::string_view secret);

}  // namespace patchbay::api
