#include "simulators/ses/sigv4.hpp"

#include <algorithm>
#include <map>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::simulators::ses {
namespace {

using crypto::Hash;

std::string sha256(std::string_view text) {
  return crypto::hexEncode(crypto::digest(Hash::kSha256, text));
}

/// "Credential=..., SignedHeaders=..., Signature=..." after the algorithm.
std::map<std::string, std::string> partsOf(std::string_view header) {
  std::map<std::string, std::string> parts;
  for (const auto part : split(header, ',')) {
    const auto text = trim(part);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) parts[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return parts;
}

std::string canonicalUri(const std::string& path, const std::string& service) {
  if (service == "s3") return path;
  std::string out;
  for (const char c : path) out += c == '/' ? "/" : percentEncode(std::string_view(&c, 1));
  return out;
}

std::string canonicalQuery(const HttpRequest& request) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : request.query) pairs.push_back(percentEncode(name) + "=" + percentEncode(value));
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& pair : pairs) out += (out.empty() ? "" : "&") + pair;
  return out;
}

std::string squeezed(const std::string& value) {
  std::string out;
  for (const char c : std::string(trim(value)))
    if (c != ' ' || out.empty() || out.back() != ' ') out += c;
  return out;
}

std::optional<Timestamp> timeOf(const std::string& text) {
  if (text.size() != 16) return std::nullopt;
  return parseRfc3339(text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 5) + ":" + text.substr(11, 2) +
                      ":" + text.substr(13));
}

SignatureProblem refused(const char* type, std::string message) {
  return {type, std::move(message)};
}

}  // namespace

SignatureProblem checkSignature(const HttpRequest& request, const Credentials& credentials, const std::string& service,
                                Timestamp now) {
  constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256 ";
  const auto authorization = request.header("Authorization");
  if (authorization.empty()) return refused("MissingAuthenticationTokenException", "Missing Authentication Token");
  if (!authorization.starts_with(kAlgorithm))
    return refused("IncompleteSignatureException", "Unsupported AWS 'algorithm': '" + authorization + "'.");
  auto parts = partsOf(std::string_view(authorization).substr(kAlgorithm.size()));
  const auto slash = parts["Credential"].find('/');
  if (slash == std::string::npos || parts["SignedHeaders"].empty() || parts["Signature"].empty())
    return refused("IncompleteSignatureException",
                   "Authorization header requires Credential, SignedHeaders, Signature.");
  if (parts["Credential"].substr(0, slash) != credentials.access_key_id)
    return refused("UnrecognizedClientException", "The security token included in the request is invalid.");
  if (request.header("X-Amz-Security-Token") != credentials.session_token)
    return refused("UnrecognizedClientException", "The security token included in the request is invalid.");
  const auto date = request.header("X-Amz-Date");
  const auto time = timeOf(date);
  if (!time)
    return refused("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got '" + date + "'.");
  if (*time < now - std::chrono::minutes{5} || *time > now + std::chrono::minutes{5})
    return refused("InvalidSignatureException", "Signature expired: " + date);
  const auto scope = date.substr(0, 8) + "/" + credentials.region + "/" + service + "/aws4_request";
  if (parts["Credential"].substr(slash + 1) != scope)
    return refused("InvalidSignatureException", "Credential should be scoped to " + scope);

  std::string headers;
  bool host_signed = false;
  for (const auto name : split(parts["SignedHeaders"], ';')) {
    host_signed = host_signed || name == "host";
    headers += std::string(name) + ":" + squeezed(request.header(name)) + "\n";
  }
  if (!host_signed) return refused("InvalidSignatureException", "'Host' must be a 'SignedHeader'");
  const auto body_hash = sha256(request.body);
  const auto claimed = request.header("X-Amz-Content-Sha256");
  if (!claimed.empty() && claimed != body_hash)
    return refused("InvalidSignatureException", "The Content-SHA256 you specified did not match");
  const auto canonical = request.method + "\n" + canonicalUri(request.path, service) + "\n" + canonicalQuery(request) +
                         "\n" + headers + "\n" + parts["SignedHeaders"] + "\n" + body_hash;
  auto key = crypto::hmac(Hash::kSha256, "AWS4" + credentials.secret_access_key, date.substr(0, 8));
  for (const auto& step : {credentials.region, service, std::string("aws4_request")})
    key = crypto::hmac(Hash::kSha256, key, step);
  const auto to_sign = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256(canonical);
  if (crypto::hexEncode(crypto::hmac(Hash::kSha256, key, to_sign)) != parts["Signature"])
    return refused("InvalidSignatureException",
                   "The request signature we calculated does not match the signature you provided. Check your AWS "
                   "Secret Access Key and signing method. The canonical string was " +
                       canonical);
  return {};
}

}  // namespace patchbay::simulators::ses
