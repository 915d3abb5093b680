#include "connectors/signature/hmac.hpp"

#include "base/text.hpp"
#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::size_t kMaxCodes = 16;  ///< in one header
constexpr std::size_t kMinKey = 24;    ///< bytes, as Standard Webhooks asks for; who writes base64 means random ones

}  // namespace

HmacGuard::HmacGuard(const SignatureScheme& scheme, std::vector<std::string> keys, std::vector<Piece> pieces)
    : scheme_(scheme),
      keys_(std::move(keys)),
      pieces_(std::move(pieces)),
      body_only_(pieces_.size() == 1 && pieces_[0].kind == Piece::Kind::kBody) {}

Result<std::unique_ptr<Guard>> HmacGuard::make(const SignatureScheme& scheme, const Keys& keys) {
  auto pieces = read(scheme.over);
  if (!pieces) return pieces.error();
  auto values = keys.values(scheme.key);
  for (auto& value : values) {
    if (value.starts_with(scheme.key_prefix)) value.erase(0, scheme.key_prefix.size());
    if (!scheme.base64_key) continue;
    auto decoded = crypto::base64Decode(value);
    if (!decoded || decoded->empty())
      return Error{ErrorKind::kInvalid, "bad_key",
                   "'" + scheme.key + "' must be base64" +
                       (scheme.key_prefix.empty() ? "" : ", after '" + scheme.key_prefix + "'")};
    if (decoded->size() < kMinKey)
      return Error{ErrorKind::kInvalid, "bad_key",
                   "'" + scheme.key + "' must be base64 of at least " + std::to_string(kMinKey) + " bytes"};
    value = std::move(*decoded);
  }
  return std::unique_ptr<Guard>(new HmacGuard(scheme, std::move(values), std::move(*pieces)));
}

Result<std::vector<HmacGuard::Piece>> HmacGuard::read(std::string_view over) {
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < over.size();) {
    const auto open = over.find('{', at);
    const auto close = open == std::string_view::npos ? open : over.find('}', open);
    if (close == std::string_view::npos) {
      pieces.push_back({Piece::Kind::kLiteral, std::string{over.substr(at)}});
      break;
    }
    if (open > at) pieces.push_back({Piece::Kind::kLiteral, std::string{over.substr(at, open - at)}});
    const auto name = over.substr(open + 1, close - open - 1);
    if (name == "body")
      pieces.push_back({Piece::Kind::kBody, {}});
    else if (name == "timestamp")
      pieces.push_back({Piece::Kind::kTimestamp, {}});
    else if (name.starts_with("header:"))
      pieces.push_back({Piece::Kind::kHeader, std::string{name.substr(7)}});
    else
      return Error{ErrorKind::kInvalid, "bad_manifest",
                   "'over' names {" + std::string{name} + "}; it knows {body}, {timestamp} and {header:NAME}"};
    at = close + 1;
  }
  return pieces;
}

std::string HmacGuard::why(const Webhook& webhook, Timestamp now) const {
  const auto given = onlyHeader(*webhook.headers, scheme_.header);
  if (!given) return given.error().message;
  if (!scheme_.list && !given->starts_with(scheme_.prefix))
    return "header " + scheme_.header + " does not start with '" + scheme_.prefix + "'";
  if (!scheme_.timestamp_header.empty()) {
    auto late = whyNotTimely(*webhook.headers, scheme_.timestamp_header, scheme_.tolerance.count(), now);
    if (!late.empty()) return late;
  }
  for (const auto& piece : pieces_) {
    if (piece.kind != Piece::Kind::kHeader) continue;
    if (const auto covered = onlyHeader(*webhook.headers, piece.text); !covered) return covered.error().message;
  }
  const std::string built = body_only_ ? std::string{} : covered(*webhook.headers, webhook.body);
  const std::string_view bytes = body_only_ ? webhook.body : std::string_view{built};
  std::vector<std::string_view> claimed;
  if (!scheme_.list) {
    claimed.push_back(std::string_view{*given}.substr(scheme_.prefix.size()));
  } else {
    const auto codes = split(*given, ' ');
    if (codes.size() > kMaxCodes) return "over " + std::to_string(kMaxCodes) + " codes in " + scheme_.header;
    for (const std::string_view one : codes)
      if (one.starts_with(scheme_.prefix)) claimed.push_back(one.substr(scheme_.prefix.size()));
  }
  return provesOne(claimed, bytes) ? std::string{} : "the signature in " + scheme_.header + " does not match";
}

bool HmacGuard::provesOne(const std::vector<std::string_view>& claimed, std::string_view bytes) const {
  bool equal = false;
  for (const auto& key : keys_) {
    const auto expected = code(key, bytes);  // once: a body may be large
    for (const auto one : claimed) equal = crypto::constantTimeEqual(expected, one) | equal;
  }
  return equal;
}

std::string HmacGuard::code(const std::string& key, std::string_view covered) const {
  const auto raw = crypto::hmac(scheme_.hash, key, covered);
  return scheme_.base64 ? crypto::base64Encode(raw) : crypto::hexEncode(raw);
}

std::string HmacGuard::covered(const http::Headers& headers, std::string_view body) const {
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

void HmacGuard::sign(UnsignedWebhook& webhook, Timestamp now) const {
  for (const auto& piece : pieces_)
    if (piece.kind == Piece::Kind::kHeader && http::find(webhook.headers, piece.text).empty())
      webhook.headers.push_back({piece.text, "check-1"});
  if (!scheme_.timestamp_header.empty())
    webhook.headers.push_back(
        {scheme_.timestamp_header,
         std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count())});
  webhook.headers.push_back(
      {scheme_.header, scheme_.prefix + code(keys_.front(), covered(webhook.headers, webhook.body))});
}

}  // namespace patchbay::connectors
