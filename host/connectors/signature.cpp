#include "connectors/signature.hpp"

#include <charconv>

#include "base/text.hpp"

namespace patchbay::connectors {
namespace {

/// The one header called `name`; nothing when it is missing. Two of them are two claims, and which one somebody else
/// believes is not ours to guess.
std::optional<std::string_view> single(const http::Headers& headers, std::string_view name, bool& twice) {
  std::optional<std::string_view> found;
  for (const auto& header : headers) {
    if (!equalsIgnoreCase(header.name, name)) continue;
    if (found) twice = true;
    found = header.value;
  }
  return twice ? std::nullopt : found;
}

/// The decoded value of a query parameter; nothing when it is missing, there twice or badly encoded.
std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  for (const auto pair : split(query, '&')) {
    const auto equals = pair.find('=');
    std::string decoded;
    if (!percentDecode(pair.substr(0, equals), true, decoded) || decoded != name) continue;
    if (found) return std::nullopt;
    std::string value;
    if (equals != std::string_view::npos && !percentDecode(pair.substr(equals + 1), true, value)) return std::nullopt;
    found = std::move(value);
  }
  return found;
}

/// Looks at every key even after one matched, so that the time does not tell which.
bool anyEqual(const std::vector<std::string>& keys, std::string_view value) {
  bool equal = false;
  for (const auto& key : keys) equal = crypto::constantTimeEqual(key, value) | equal;
  return equal;
}

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

Result<std::unique_ptr<Verifier>> Verifier::make(const WebhookPath& path, std::shared_ptr<const Secrets> secrets,
                                                 const Json& config) {
  auto verifier = std::unique_ptr<Verifier>(new Verifier);
  verifier->path_ = path;
  verifier->secrets_ = std::move(secrets);
  verifier->config_ = config;
  std::string wanted;
  const SignatureScheme* chosen = nullptr;
  for (const auto& scheme : path.signatures) {
    bool complete = true;
    std::string keys;
    for (const auto& key : scheme.keys()) {
      complete = complete && !verifier->valuesOf(key).empty();
      keys += (keys.empty() ? "" : " and ") + std::string{"'"} + key + "'";
    }
    if (complete && chosen == nullptr) chosen = &scheme;
    wanted += (wanted.empty() ? "" : ", or ") + keys + " (" + scheme.name + ")";
  }
  if (chosen == nullptr)
    return Error{ErrorKind::kInvalid, "no_signature_key",
                 "webhooks" + (path.suffix.empty() ? "" : " to '" + path.suffix + "'") +
                     " cannot be verified: config needs " + wanted};
  verifier->scheme_ = *chosen;
  const std::string_view over = chosen->over;
  for (std::size_t at = 0; at < over.size();) {
    const auto open = over.find('{', at);
    const auto close = open == std::string_view::npos ? open : over.find('}', open);
    if (close == std::string_view::npos) {
      verifier->pieces_.push_back({Piece::Kind::kLiteral, std::string{over.substr(at)}});
      break;
    }
    if (open > at) verifier->pieces_.push_back({Piece::Kind::kLiteral, std::string{over.substr(at, open - at)}});
    const auto name = over.substr(open + 1, close - open - 1);
    if (name == "body")
      verifier->pieces_.push_back({Piece::Kind::kBody, {}});
    else if (name == "timestamp")
      verifier->pieces_.push_back({Piece::Kind::kTimestamp, {}});
    else if (name.starts_with("header:"))
      verifier->pieces_.push_back({Piece::Kind::kHeader, std::string{name.substr(7)}});
    else
      return Error{ErrorKind::kInvalid, "bad_manifest",
                   "'over' names {" + std::string{name} + "}; it knows {body}, {timestamp} and {header:NAME}"};
    at = close + 1;
  }
  verifier->body_only_ = verifier->pieces_.size() == 1 && verifier->pieces_[0].kind == Piece::Kind::kBody;
  return verifier;
}

bool Verifier::matches(std::string_view suffix) const {
  if (scheme_.kind != SignatureScheme::Kind::kToken || scheme_.in != SignatureScheme::In::kPath)
    return suffix == path_.suffix;
  const auto slash = suffix.rfind('/');
  return (slash == std::string_view::npos ? std::string_view{} : suffix.substr(0, slash)) == path_.suffix;
}

Verdict Verifier::verify(const Webhook& webhook, Timestamp now) const {
  if (webhook.method == "GET" && !path_.handshake_key.empty()) return handshake(webhook);
  auto reason = why(webhook, now);
  if (reason.empty()) return {};
  auto verdict = refuse(401, std::move(reason));
  if (scheme_.kind == SignatureScheme::Kind::kBasic)
    verdict.answer.headers.push_back({"WWW-Authenticate", "Basic realm=\"webhook\""});
  return verdict;
}

std::string Verifier::why(const Webhook& webhook, Timestamp now) const {
  switch (scheme_.kind) {
    case SignatureScheme::Kind::kHmac:
      return whyHmac(webhook, now);
    case SignatureScheme::Kind::kToken:
      return whyToken(webhook);
    case SignatureScheme::Kind::kBasic:
      return whyBasic(webhook);
    case SignatureScheme::Kind::kNone:
      break;
  }
  return {};
}

std::string Verifier::whyHmac(const Webhook& webhook, Timestamp now) const {
  bool twice = false;
  const auto given = single(*webhook.headers, scheme_.header, twice);
  if (!given) return (twice ? "two headers " : "no header ") + scheme_.header;
  if (!given->starts_with(scheme_.prefix))
    return "header " + scheme_.header + " does not start with '" + scheme_.prefix + "'";
  const auto claimed = given->substr(scheme_.prefix.size());
  if (!scheme_.timestamp_header.empty()) {
    const auto text = single(*webhook.headers, scheme_.timestamp_header, twice);
    std::int64_t seconds = 0;
    if (!text) return (twice ? "two headers " : "no header ") + scheme_.timestamp_header;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc{} || end != text->data() + text->size() || seconds < 0)
      return "header " + scheme_.timestamp_header + " is not a time in seconds";
    const auto ours = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    // Compared as distances from ours: a claim near the end of the range must not overflow.
    const auto tolerance = scheme_.tolerance.count();
    if (seconds < ours - tolerance || seconds > ours + tolerance)
      return "header " + scheme_.timestamp_header + " is more than " + std::to_string(tolerance) + " s from our clock";
  }
  for (const auto& piece : pieces_)
    if (piece.kind == Piece::Kind::kHeader) {
      (void)single(*webhook.headers, piece.text, twice);
      if (twice) return "two headers " + piece.text;
    }
  const std::string built = body_only_ ? std::string{} : covered(*webhook.headers, webhook.body);
  const std::string_view bytes = body_only_ ? webhook.body : std::string_view{built};
  bool equal = false;
  for (const auto& key : secrets_->values(scheme_.key))
    equal = crypto::constantTimeEqual(code(key, bytes), claimed) | equal;
  return equal ? std::string{} : "the signature in " + scheme_.header + " does not match";
}

std::string Verifier::whyToken(const Webhook& webhook) const {
  std::optional<std::string> given;
  std::string place;
  if (scheme_.in == SignatureScheme::In::kHeader) {
    bool twice = false;
    const auto value = single(*webhook.headers, scheme_.parameter, twice);
    if (value) given = *value;
    place = "header " + scheme_.parameter;
  } else if (scheme_.in == SignatureScheme::In::kQuery) {
    given = parameter(webhook.query, scheme_.parameter);
    place = "query parameter " + scheme_.parameter;
  } else {
    std::string decoded;
    if (percentDecode(webhook.suffix.substr(webhook.suffix.rfind('/') + 1), false, decoded)) given = std::move(decoded);
    place = "last part of the path";
  }
  if (!given || given->empty()) return "no token in the " + place;
  return anyEqual(valuesOf(scheme_.key), *given) ? std::string{} : "the token in the " + place + " is wrong";
}

std::string Verifier::whyBasic(const Webhook& webhook) const {
  bool twice = false;
  const auto given = single(*webhook.headers, "Authorization", twice);
  if (!given || given->size() < 6 || !equalsIgnoreCase(given->substr(0, 6), "Basic "))
    return "no HTTP Basic authorization";
  const auto decoded = crypto::base64Decode(trim(given->substr(6)));
  if (!decoded) return "the HTTP Basic authorization is not base64";
  std::vector<std::string> pairs;
  for (const auto& user : valuesOf(scheme_.user))
    for (const auto& password : valuesOf(scheme_.password)) pairs.push_back(user + ":" + password);
  return anyEqual(pairs, *decoded) ? std::string{} : "user or password is wrong";
}

Verdict Verifier::handshake(const Webhook& webhook) const {
  const auto mode = parameter(webhook.query, "hub.mode");
  const auto challenge = parameter(webhook.query, "hub.challenge");
  const auto token = parameter(webhook.query, "hub.verify_token");
  if (!mode || *mode != "subscribe") return refuse(403, "hub.mode is not 'subscribe'");
  if (!token || !anyEqual(valuesOf(path_.handshake_key), *token))
    return refuse(403, "hub.verify_token is missing or wrong");
  if (!challenge) return refuse(403, "no hub.challenge");
  Verdict verdict{Verdict::Kind::kHandshake, {}, {}};
  verdict.answer.headers = {{"Content-Type", "text/plain"}, {"X-Content-Type-Options", "nosniff"}};
  verdict.answer.body = *challenge;
  return verdict;
}

std::vector<std::string> Verifier::valuesOf(const std::string& key) const {
  const auto& secret = secrets_->values(key);
  if (!secret.empty()) return secret;
  const auto plain = config_.find(key);
  // A marker in the config stands for a secret; it is never a value to compare with.
  if (plain != config_.end() && plain->is_string() && !plain->get_ref<const std::string&>().empty() &&
      !secrets_->hasMarker(plain->get_ref<const std::string&>()))
    return {plain->get<std::string>()};
  return {};
}

std::string Verifier::code(const std::string& key, std::string_view covered) const {
  const auto raw = crypto::hmac(scheme_.hash, key, covered);
  return scheme_.base64 ? crypto::base64Encode(raw) : crypto::hexEncode(raw);
}

std::string Verifier::covered(const http::Headers& headers, std::string_view body) const {
  std::string text;
  bool twice = false;
  for (const auto& piece : pieces_) switch (piece.kind) {
      case Piece::Kind::kLiteral:
        text += piece.text;
        break;
      case Piece::Kind::kBody:
        text += body;
        break;
      case Piece::Kind::kTimestamp:
        text += single(headers, scheme_.timestamp_header, twice).value_or("");
        break;
      case Piece::Kind::kHeader:
        text += single(headers, piece.text, twice).value_or("");
        break;
    }
  return text;
}

void Verifier::sign(UnsignedWebhook& webhook, Timestamp now) const {
  const auto first = [&](const std::string& key) { return valuesOf(key).front(); };
  switch (scheme_.kind) {
    case SignatureScheme::Kind::kHmac:
      if (!scheme_.timestamp_header.empty())
        webhook.headers.push_back(
            {scheme_.timestamp_header,
             std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count())});
      webhook.headers.push_back(
          {scheme_.header, scheme_.prefix + code(first(scheme_.key), covered(webhook.headers, webhook.body))});
      break;
    case SignatureScheme::Kind::kToken:
      if (scheme_.in == SignatureScheme::In::kHeader)
        webhook.headers.push_back({scheme_.parameter, first(scheme_.key)});
      else if (scheme_.in == SignatureScheme::In::kQuery)
        webhook.query += (webhook.query.empty() ? "" : "&") + percentEncode(scheme_.parameter) + "=" +
                         percentEncode(first(scheme_.key));
      else
        webhook.suffix += (webhook.suffix.empty() ? "" : "/") + percentEncode(first(scheme_.key));
      break;
    case SignatureScheme::Kind::kBasic:
      webhook.headers.push_back(
          {"Authorization", "Basic " + crypto::base64Encode(first(scheme_.user) + ":" + first(scheme_.password))});
      break;
    case SignatureScheme::Kind::kNone:
      break;
  }
}

}  // namespace patchbay::connectors
