#include "api/jwt.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

Error refused(std::string why) {
  return {ErrorKind::kUnauthorized, "invalid_token", std::move(why)};
}

/// base64url without padding, as RFC 7515 wants it; the shared decoder takes more.
std::optional<Json> decodeObject(std::string_view part) {
  if (part.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  const auto bytes = crypto::base64Decode(part);
  if (!bytes) return std::nullopt;
  try {
    Json value = parseJson(*bytes, {.max_bytes = kMaxTokenBytes, .max_depth = 8});
    if (value.is_object()) return value;
  } catch (const JsonError&) {
  }
  return std::nullopt;
}

/// A NumericDate (seconds, fractions allowed) that fits a Timestamp.
std::optional<Timestamp> numericDate(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double seconds = value.get<double>();
  if (!std::isfinite(seconds) || std::fabs(seconds) > 2.0e11) return std::nullopt;
  return Timestamp{std::chrono::microseconds{static_cast<std::int64_t>(seconds * 1e6)}};
}

bool names(const Json& audience, const std::string& wanted) {
  if (audience.is_string()) return audience.get_ref<const std::string&>() == wanted;
  if (!audience.is_array()) return false;
  for (const auto& one : audience)
    if (one.is_string() && one.get_ref<const std::string&>() == wanted) return true;
  return false;
}

/// RS256 and ES256. The key decides what the algorithm is, the token's header may only agree.
std::optional<Error> checkIssuerSignature(const Json& header, const JwkSet& issuer, std::string_view signed_part,
                                          std::string_view signature) {
  auto key = issuer.keys.end();
  if (const auto kid = header.find("kid"); kid == header.end()) {
    // An issuer with one key need not name it.
    const auto fits = [&](const auto& entry) { return header.at("alg") == entry.second.algorithmName(); };
    if (std::count_if(issuer.keys.begin(), issuer.keys.end(), fits) > 1)
      return refused("The token does not say which of the issuer's keys has signed it (kid).");
    key = std::find_if(issuer.keys.begin(), issuer.keys.end(), fits);
  } else if (kid->is_string()) {
    key = issuer.keys.find(kid->get_ref<const std::string&>());
  } else {
    return refused("The kid of the token is not text.");
  }
  if (key == issuer.keys.end())
    return Error{ErrorKind::kUnauthorized, std::string(kUnknownKey),
                 "The token is signed with a key that the issuer does not publish."};
  if (header.at("alg") != key->second.algorithmName())
    return refused("The token is signed with another algorithm than its key is for.");
  const auto bytes = crypto::base64Decode(signature);
  // One spelling: the unused bits of the last character are zero, and the alphabet is base64url's.
  if (!bytes || crypto::base64UrlEncode(*bytes) != signature || !key->second.verify(signed_part, *bytes))
    return refused("The signature of the token is not the issuer's.");
  return std::nullopt;
}

}  // namespace

std::string keyIdOf(std::string_view token) {
  const auto header = token.size() <= kMaxTokenBytes ? decodeObject(token.substr(0, token.find('.'))) : std::nullopt;
  const auto kid = header ? header->value("kid", Json()) : Json();
  return kid.is_string() ? kid.get<std::string>() : std::string{};
}

Result<Json> verifyJwt(std::string_view token, const JwtKeys& keys, const JwtRules& rules, Timestamp now) {
  if (token.size() > kMaxTokenBytes) return refused("The token is longer than any that we would issue.");
  const auto parts = split(token, '.');
  if (parts.size() != 3) return refused("The token is not a JSON Web Token: it must have three parts.");
  const auto header = decodeObject(parts[0]);
  if (!header) return refused("The header of the token is not JSON in base64url.");
  if (header->contains("crit")) return refused("The token names critical extensions, and we know none.");
  const auto signed_part = token.substr(0, parts[0].size() + 1 + parts[1].size());
  const auto algorithm = header->value("alg", Json());
  if (algorithm == "HS256") {
    // Our own signature is encoded and the texts are compared, so there is exactly one spelling of a good signature.
    const auto expected = crypto::base64UrlEncode(crypto::hmac(crypto::Hash::kSha256, keys.secret, signed_part));
    if (!crypto::constantTimeEqual(expected, parts[2])) return refused("The signature of the token is not ours.");
  } else if (keys.issuer != nullptr && (algorithm == "RS256" || algorithm == "ES256")) {
    if (auto no = checkIssuerSignature(*header, *keys.issuer, signed_part, parts[2])) return *no;
  } else {
    return refused(keys.issuer ? "The token must be signed with HS256, RS256 or ES256."
                               : "The token must be signed with HS256.");
  }

  auto claims = decodeObject(parts[1]);
  if (!claims) return refused("The claims of the token are not JSON in base64url.");
  const auto expiry = claims->find("exp");
  if (expiry == claims->end()) return refused("The token has no exp claim: it would be good for ever.");
  const auto expires = numericDate(*expiry);
  if (!expires) return refused("The exp claim of the token is not a time.");
  if (*expires <= now) return refused("The token has expired.");
  if (const auto claim = claims->find("nbf"); claim != claims->end()) {
    const auto begins = numericDate(*claim);
    if (!begins) return refused("The nbf claim of the token is not a time.");
    if (*begins > now + kClockSkew) return refused("The token is not valid yet.");
  }
  if (!rules.issuer.empty() && claims->value("iss", Json()) != rules.issuer)
    return refused("The token was not issued by the issuer that this service trusts.");
  if (!rules.audience.empty() && !names(claims->value("aud", Json()), rules.audience))
    return refused("The token was not issued for this service.");
  return std::move(*claims);
}

std::string signJwt(const Json& claims, std::string_view secret) {
  const auto text =
      crypto::base64UrlEncode(R"({"alg":"HS256","typ":"JWT"})") + "." + crypto::base64UrlEncode(dumpJson(claims));
  return text + "." + crypto::base64UrlEncode(crypto::hmac(crypto::Hash::kSha256, secret, text));
}

}  // namespace patchbay::api
