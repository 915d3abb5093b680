// Tokens. Input: the token as it came; then claims (JSON), which are signed and must come back.
#include "api/jwt.hpp"

#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  static const std::string secret = "fuzz-secret-0123456789-abcdefghijklmnopqrstuv";
  static const Timestamp now = *parseRfc3339("2026-01-05T10:00:00Z");
  fuzz::Parts parts(bytes);
  const auto token = parts.next();
  const auto verdict = api::verifyJwt(token, {.secret = secret}, {}, now);
  check(!verdict.ok(), "nobody guesses a signature");
  check(api::keyIdOf(token).size() <= token.size(), "a key's name is a piece of the token");
  check(fuzz::oneLine(verdict.error().message), "a refusal is one line");
  if (token.size() > 8 && token.find(' ') == std::string::npos)  // else it may be a piece of our own sentence
    check(verdict.error().message.find(token) == std::string::npos, "no refusal quotes the token");

  Json claims;
  try {
    claims = parseJson(parts.rest());
  } catch (const JsonError&) {
    return;
  }
  const std::string own = api::signJwt(claims, secret);
  const auto accepted = api::verifyJwt(own, {.secret = secret}, {}, now);
  if (accepted.ok()) {
    check(claims.is_object() && claims.contains("exp") && claims["exp"].is_number(), "a token has an end",
          dumpJson(claims));
    check(claims["exp"].get<double>() > 1767607200.0, "the end is to come", dumpJson(claims));
    check(dumpJson(*accepted) == dumpJson(claims), "the claims are what was signed");
    std::string flipped = own;
    flipped[flipped.rfind('.') + 1] = flipped[flipped.rfind('.') + 1] == 'A' ? 'B' : 'A';
    check(!api::verifyJwt(flipped, {.secret = secret}, {}, now).ok(), "another signature is refused");
  }
}
