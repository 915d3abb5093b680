#include "connectors/signature/hmac_url_form.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "connectors/form.hpp"
#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {
namespace {

constexpr const char* kBodyDigest = "bodySHA256";

/// The URL as configured, without its port, with the usual port: those of them that differ.
std::vector<std::string> spellings(const std::string& url) {
  const auto colon = url.find("://");
  const auto scheme = lowerAscii(std::string_view{url}.substr(0, colon));
  if (colon == std::string::npos || (scheme != "https" && scheme != "http")) return {};
  const auto begin = colon + 3;
  const auto end = std::min(url.find_first_of("/?#", begin), url.size());
  auto authority = url.substr(begin, end - begin);
  const auto path = url.substr(end, url.find('#', end) - end);
  if (const auto at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  const auto bracket = authority.find(']');
  const auto port = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  const auto host = authority.substr(0, port);
  if (host.empty()) return {};
  const auto begun = url.substr(0, begin);
  std::vector<std::string> all = {begun + authority + path};
  if (port != std::string::npos)
    all.push_back(begun + host + path);
  else
    all.push_back(begun + host + (scheme == "https" ? ":443" : ":80") + path);
  return all;
}

std::string sorted(std::vector<FormField> fields) {
  std::vector<std::pair<std::string, std::string>> pairs;
  pairs.reserve(fields.size());
  for (auto& field : fields) pairs.emplace_back(std::move(field.name), std::move(field.value));
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) text += name + value;
  return text;
}

bool isForm(const http::Headers& headers) {
  const auto type = http::find(headers, "Content-Type");
  return equalsIgnoreCase(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

std::string digestOf(std::string_view body) {
  return crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, body));
}

/// What follows the URL in the covered text.
Result<std::string> covered(const Webhook& webhook) {
  if (webhook.method == "GET" && webhook.body.empty()) return std::string{};
  if (isForm(*webhook.headers)) {
    const auto form = decodeForm(*webhook.headers, webhook.body);
    if (!form) return form.error();
    return sorted(form->fields);
  }
  const auto claimed = parameter(webhook.query, kBodyDigest);
  if (!claimed)
    return Error{ErrorKind::kInvalid, "no_proof",
                 std::string{"the body is not an urlencoded form, and the query has no "} + kBodyDigest};
  if (!crypto::constantTimeEqual(digestOf(webhook.body), *claimed))
    return Error{ErrorKind::kInvalid, "no_proof", std::string{kBodyDigest} + " of the query is not that of the body"};
  return std::string{};
}

std::string pathAndQuery(std::string_view suffix, std::string_view query) {
  std::string text;
  if (!suffix.empty()) text.append("/").append(suffix);
  if (!query.empty()) text.append("?").append(query);
  return text;
}

std::string code(const std::string& key, const std::string& text) {
  return crypto::base64Encode(crypto::hmac(crypto::Hash::kSha1, key, text));
}

}  // namespace

HmacUrlFormGuard::HmacUrlFormGuard(const SignatureScheme& scheme, const Keys& keys, std::vector<std::string> bases)
    : scheme_(scheme), keys_(keys.values(scheme.key)), bases_(std::move(bases)) {}

Result<std::unique_ptr<Guard>> HmacUrlFormGuard::make(const SignatureScheme& scheme, const Keys& keys,
                                                      const std::string& url, const std::string& other_url) {
  auto bases = spellings(url.empty() ? "https://localhost" : url);
  const auto others = spellings(other_url);
  const bool bad = bases.empty() || (!other_url.empty() && others.empty());
  bases.insert(bases.end(), others.begin(), others.end());
  if (bad)
    return Error{ErrorKind::kInvalid, "bad_public_url",
                 "webhooks are signed over their public URL, and '" + url + "' is not one: set public_url"};
  return std::unique_ptr<Guard>(new HmacUrlFormGuard(scheme, keys, std::move(bases)));
}

std::string HmacUrlFormGuard::why(const Webhook& webhook, Timestamp) const {
  const auto given = onlyHeader(*webhook.headers, scheme_.header);
  if (!given) return given.error().message;
  const auto fields = covered(webhook);
  if (!fields) return fields.error().message;
  const auto rest = pathAndQuery(webhook.suffix, webhook.query) + *fields;
  bool equal = false;
  for (const auto& base : bases_)
    for (const auto& key : keys_) equal = crypto::constantTimeEqual(code(key, base + rest), *given) | equal;
  if (equal) return {};
  return "the signature in " + scheme_.header + " does not match; it covers the URL, which is expected to be " +
         bases_.front() + pathAndQuery(webhook.suffix, {}) + " (public_url)";
}

void HmacUrlFormGuard::sign(UnsignedWebhook& webhook, Timestamp) const {
  if (webhook.method != "GET" && !isForm(webhook.headers) && !parameter(webhook.query, kBodyDigest))
    webhook.query += (webhook.query.empty() ? "" : "&") + std::string{kBodyDigest} + "=" + digestOf(webhook.body);
  const Webhook view{webhook.method, webhook.suffix, webhook.query, &webhook.headers, webhook.body};
  const auto fields = covered(view);
  const auto text = bases_.front() + pathAndQuery(webhook.suffix, webhook.query) + (fields.ok() ? *fields : "");
  webhook.headers.push_back({scheme_.header, code(keys_.front(), text)});
}

}  // namespace patchbay::connectors
