// The keys that an issuer publishes. Input: the document, a token.
#include "api/jwks.hpp"

#include "api/jwt.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  static const Timestamp now = *parseRfc3339("2026-01-05T10:00:00Z");
  fuzz::Parts parts(bytes);
  const auto keys = api::parseJwks(parts.next());
  if (!keys.ok()) {
    check(fuzz::oneLine(keys.error().message), "a refusal is one line", keys.error().message);
    return;
  }
  check(!keys->keys.empty() && keys->keys.size() <= 64, "a set has 1 to 64 keys");
  for (const auto& [id, key] : keys->keys) {
    check(id.size() <= 255, "a key's name is short");
    check(!key.verify("text", "signature") && !key.verify("text", std::string(64, '\1')), "nobody guesses a signature");
  }
  for (const auto& why : keys->skipped) check(fuzz::oneLine(why), "a reason is one line", why);
  const api::JwkSet none;
  const auto token = parts.rest();
  check(!api::verifyJwt(token, {.issuer = &*keys}, {}, now).ok(), "nobody guesses a token");
  check(!api::verifyJwt(token, {.issuer = &none}, {}, now).ok(), "without keys nothing passes");
}
