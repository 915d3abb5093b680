/// JSON Web Tokens, HS256 and nothing else.
///
/// Written out instead of Poco::JWT: its verify() does not look at exp and nbf (engineering facts, 4.3), it parses with
/// Poco::JSON, which converts types silently, and it has more algorithms than one key may have. What remains is a page.
#pragma once

#include <chrono>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

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

/// Checks form, algorithm (exactly HS256), signature in constant time, `exp` (required), `nbf`, `iss`, `aud`. Pure.
/// @return the claims; kUnauthorized with a reason that never quotes the token.
Result<Json> verifyJwt(std::string_view token, std::string_view secret, const JwtRules& rules, Timestamp now);

/// Signs `claims` with HS256.
std::string signJwt(const Json& claims, std::string_view secret);

}  // namespace patchbay::api
