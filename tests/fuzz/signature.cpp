// Webhook signatures. Input: scheme, method, suffix, query, headers ("Name: value" lines), body.
#include "connectors/signature/verifier.hpp"

#include "base/text.hpp"
#include "connectors/signature/ecdsa.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors;
using patchbay::fuzz::check;

namespace {

const Timestamp kNow = *parseRfc3339("2026-01-05T10:00:00Z");

SignatureScheme scheme(std::string_view choice) {
  const auto n = choice.empty() ? 0U : static_cast<unsigned char>(choice[0]) % 7U;
  SignatureScheme s;
  s.key = "secret";
  s.kind = SignatureScheme::Kind::kHmac;
  s.header = "X-Signature";
  s.over = "{body}";
  switch (n) {
    case 0:
      s.prefix = "sha256=";
      break;
    case 1:
      s.over = "v0:{timestamp}:{body}";
      s.timestamp_header = "X-Timestamp";
      break;
    case 2:
      s.hash = crypto::Hash::kSha1;
      s.base64 = true;
      s.over = "{header:X-Id}.{timestamp}.{body}";
      s.timestamp_header = "X-Timestamp";
      break;
    case 3:
      s.kind = SignatureScheme::Kind::kToken;
      s.parameter = "X-Token";
      break;
    case 4:
      s.kind = SignatureScheme::Kind::kToken;
      s.in = SignatureScheme::In::kQuery;
      s.parameter = "token";
      break;
    case 5:
      s.kind = SignatureScheme::Kind::kEcdsa;
      s.timestamp_header = "X-Timestamp";
      s.key = "public_key";
      break;
    default:
      s.kind = SignatureScheme::Kind::kBasic;
      s.user = "user";
      s.password = "secret";
      break;
  }
  return s;
}

http::Headers headersOf(std::string_view text) {
  http::Headers headers;
  for (const auto line : split(text, '\n'))
    if (const auto colon = line.find(':'); colon != std::string_view::npos && colon > 0 && headers.size() < 20)
      headers.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  return headers;
}

}  // namespace

FUZZ(std::string_view bytes) {
  fuzz::Parts parts(bytes);
  WebhookPath path;
  path.signatures = {scheme(parts.next())};
  path.handshake_key = "verify";
  const auto kind = path.signatures[0].kind;
  const bool hmac = kind == SignatureScheme::Kind::kHmac || kind == SignatureScheme::Kind::kEcdsa;
  static const auto secrets = std::make_shared<Secrets>(
      std::map<std::string, std::vector<std::string>>{
          {"secret", {"k-7f0e2b9d41c85a6e", "older-3c9d1f"}}, {"verify", {"v-91b3c7d2"}}, {"user", {"u-5d8e"}}, {"public_key", {ecdsaCheckKey().public_key}}},
      "nonce");
  auto verifier = Verifier::make(path, secrets, Json::object());
  check(verifier.ok(), "the verifier is made");

  const std::string method(parts.next()), suffix(parts.next()), query(parts.next());
  const http::Headers headers = headersOf(parts.next());
  const std::string body(parts.rest());
  const Verdict verdict = (*verifier)->verify({method, suffix, query, &headers, body}, kNow);
  if (hmac) check(verdict.kind != Verdict::Kind::kPass, "nobody guesses a code");
  if (verdict.kind == Verdict::Kind::kRefused) {
    check(verdict.answer.status >= 400 && verdict.answer.status < 500, "a refusal is 4xx");
    check(!verdict.reason.empty(), "a refusal says why");
    check(verdict.reason.find("k-7f0e2b9d41c85a6e") == std::string::npos, "no reason holds a key");
  }

  UnsignedWebhook webhook{"POST", "", query, headers, body};
  (*verifier)->sign(webhook, kNow);
  const auto again = [&](const std::string& text) {
    return (*verifier)->verify({webhook.method, webhook.suffix, webhook.query, &webhook.headers, text}, kNow).kind;
  };
  if (hmac) {
    // What was signed passes, unless the input's own headers stand before the signature's.
    bool clean = true;
    for (const auto& header : headers) clean = clean && !lowerAscii(header.name).starts_with("x-");
    if (clean && !path.signatures[0].over.starts_with("{header")) {
      check(again(body) == Verdict::Kind::kPass, "a signed webhook passes");
      check(again(body + "x") == Verdict::Kind::kRefused, "a longer body does not");
      if (!body.empty()) {
        std::string other = body;
        other[other.size() / 2] ^= 1;
        check(again(other) == Verdict::Kind::kRefused, "one flipped bit does not");
      }
    }
  }
}
