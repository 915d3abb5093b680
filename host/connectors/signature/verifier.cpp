#include "connectors/signature/verifier.hpp"

#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {
namespace {

Verdict refuse(int status, std::string reason) {
  Verdict verdict{Verdict::Kind::kRefused, {}, std::move(reason)};
  verdict.answer.status = status;
  verdict.answer.headers = {{"Content-Type", "application/problem+json"}};
  verdict.answer.body =
      status == 401
          ? R"({"type":"about:blank","title":"Unauthorized","status":401,"code":"signature_refused","detail":"The webhook's signature is missing or wrong."})"
          : R"({"type":"about:blank","title":"Forbidden","status":403,"code":"handshake_refused","detail":"The verify token is missing or wrong."})";
  return verdict;
}

}  // namespace

Verifier::Verifier(const WebhookPath& path, const SignatureScheme& scheme, Keys keys, std::unique_ptr<Guard> guard)
    : path_(path), scheme_(scheme), keys_(std::move(keys)), guard_(std::move(guard)) {}

Result<std::unique_ptr<Verifier>> Verifier::make(const WebhookPath& path, std::shared_ptr<const Secrets> secrets,
                                                 const Json& config, const std::string& url,
                                                 const std::vector<std::string>& egress_allow,
                                                 const std::string& other_url) {
  const Keys keys(std::move(secrets), config);
  std::string wanted;
  const SignatureScheme* chosen = nullptr;
  for (const auto& scheme : path.signatures) {
    bool complete = true;
    std::string names;
    for (const auto& key : scheme.keys()) {
      complete = complete && !keys.values(key).empty();
      names += (names.empty() ? "" : " and ") + std::string{"'"} + key + "'";
    }
    if (complete && chosen == nullptr) chosen = &scheme;
    wanted += (wanted.empty() ? "" : ", or ") + names + " (" + scheme.name + ")";
  }
  if (chosen == nullptr)
    return Error{ErrorKind::kInvalid, "no_signature_key",
                 "webhooks" + (path.suffix.empty() ? "" : " to '" + path.suffix + "'") +
                     " cannot be verified: config needs " + wanted};
  auto guard = makeGuard(*chosen, keys, url, egress_allow, other_url);
  if (!guard) return guard.error();
  return std::unique_ptr<Verifier>(new Verifier(path, *chosen, keys, std::move(*guard)));
}

Verdict Verifier::verify(const Webhook& webhook, Timestamp now) const {
  if (webhook.method == "GET" && !path_.handshake_key.empty()) return handshake(webhook);
  auto proof = guard_->prove(webhook, now);
  if (!proof.certificate.empty()) return {Verdict::Kind::kPending, {}, {}, std::move(proof.certificate)};
  if (proof.why.empty() && !proof.visit.empty() && path_.confirm)
    return {Verdict::Kind::kVisit, {}, {}, std::move(proof.visit)};
  if (proof.why.empty()) return {};
  auto verdict = refuse(401, std::move(proof.why));
  for (auto& header : guard_->challenge()) verdict.answer.headers.push_back(std::move(header));
  return verdict;
}

Verdict Verifier::handshake(const Webhook& webhook) const {
  const auto mode = parameter(webhook.query, "hub.mode");
  const auto challenge = parameter(webhook.query, "hub.challenge");
  const auto token = parameter(webhook.query, "hub.verify_token");
  if (!mode || *mode != "subscribe") return refuse(403, "hub.mode is not 'subscribe'");
  if (!token || !keys_.holds(path_.handshake_key, *token)) return refuse(403, "hub.verify_token is missing or wrong");
  if (!challenge) return refuse(403, "no hub.challenge");
  Verdict verdict{Verdict::Kind::kHandshake, {}, {}};
  verdict.answer.headers = {{"Content-Type", "text/plain"}, {"X-Content-Type-Options", "nosniff"}};
  verdict.answer.body = *challenge;
  return verdict;
}

}  // namespace patchbay::connectors
