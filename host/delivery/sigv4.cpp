#include "delivery/sigv4.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::delivery {
namespace {

using crypto::Hash;

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

/// "20260102T030405Z"
std::string basicTime(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{seconds - days};
  char text[40];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

/// The Host header as it goes over the wire: with the port where it is not the scheme's own.
std::string hostHeader(const Url& url) {
  const bool usual = url.port == (url.scheme == "https" ? 443 : 80);
  std::string authority = url.authority();
  if (usual) authority.resize(authority.rfind(':'));
  return authority;
}

/// Every service but S3 encodes the path, which is already encoded, once more.
std::string canonicalPath(const std::string& path, bool again) {
  if (!again) return path;
  std::string out;
  bool first = true;
  for (const auto segment : split(path, '/')) {
    if (!first) out += '/';
    first = false;
    out += percentEncode(segment);
  }
  return out;
}

/// Sorted by name, then by value, both encoded as RFC 3986 has it.
std::string canonicalQuery(const std::string& query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!query.empty())
    for (const auto part : split(query, '&')) {
      const auto equals = part.find('=');
      std::string name, value;
      // What cannot be decoded goes as it stands: the server then refuses the signature, as it should.
      if (!percentDecode(part.substr(0, equals), false, name)) name = part.substr(0, equals);
      if (equals != std::string_view::npos && !percentDecode(part.substr(equals + 1), false, value))
        value = part.substr(equals + 1);
      pairs.emplace_back(percentEncode(name), percentEncode(value));
    }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

/// Trimmed, and with one blank for each run of them.
std::string canonicalValue(std::string_view value) {
  std::string out;
  for (const char c : trim(value)) {
    const char plain = c == '\t' ? ' ' : c;
    if (plain == ' ' && !out.empty() && out.back() == ' ') continue;
    out += plain;
  }
  return out;
}

Result<std::string> bodyHash(const Body& body) {
  if (body.pieces.size() == 1 && body.pieces[0].bytes)
    return crypto::hexEncode(crypto::digest(Hash::kSha256, *body.pieces[0].bytes));
  const auto bytes = body.bytes();
  if (!bytes.ok()) return bytes.error();
  return crypto::hexEncode(crypto::digest(Hash::kSha256, *bytes));
}

struct SignedHeaders {
  std::string lines;  ///< "name:value\n" each
  std::string names;  ///< "a;b;c"
};

SignedHeaders collect(const PreparedRequest& request) {
  std::vector<std::pair<std::string, std::string>> headers{{"host", hostHeader(request.url)}};
  for (const auto& header : request.headers) {
    auto name = lowerAscii(header.name);
    if (name == "content-type" || name.starts_with("x-amz-"))
      headers.emplace_back(std::move(name), canonicalValue(header.value));
  }
  std::sort(headers.begin(), headers.end());
  SignedHeaders out;
  for (const auto& [name, value] : headers) {
    out.lines += name + ":" + value + "\n";
    out.names += (out.names.empty() ? "" : ";") + name;
  }
  return out;
}

}  // namespace

std::optional<Error> signSigV4(const SigV4Key& key, Timestamp now, PreparedRequest& request) {
  for (const auto& header : request.headers)
    for (const char* own : {"Authorization", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"})
      if (equalsIgnoreCase(header.name, own))
        return Error{ErrorKind::kInvalid, "bad_request_value",
                     "auth: the request has a header " + std::string(own) + ", which sigv4 sets"};
  const auto hash = bodyHash(request.body);
  if (!hash.ok()) return hash.error();
  const auto time = basicTime(now);
  const auto scope = time.substr(0, 8) + "/" + key.region + "/" + key.service + "/aws4_request";
  if (auto error = addHeader(request, "X-Amz-Date", time, false)) return error;
  if (auto error = addHeader(request, "X-Amz-Content-Sha256", *hash, false)) return error;
  if (!key.session_token.empty())
    if (auto error = addHeader(request, "X-Amz-Security-Token", key.session_token, true)) return error;

  const auto headers = collect(request);
  const auto canonical = request.method + "\n" + canonicalPath(request.url.path, key.service != "s3") + "\n" +
                         canonicalQuery(request.url.query) + "\n" + headers.lines + "\n" + headers.names + "\n" + *hash;
  const auto to_sign = std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" +
                       crypto::hexEncode(crypto::digest(Hash::kSha256, canonical));
  std::string signing = "AWS4" + key.secret_key;
  for (const auto& part : {time.substr(0, 8), key.region, key.service, std::string("aws4_request")})
    signing = crypto::hmac(Hash::kSha256, signing, part);
  const auto signature = crypto::hexEncode(crypto::hmac(Hash::kSha256, signing, to_sign));
  return addHeader(request, "Authorization",
                   std::string(kAlgorithm) + " Credential=" + key.access_key + "/" + scope +
                       ", SignedHeaders=" + headers.names + ", Signature=" + signature,
                   true);
}

}  // namespace patchbay::delivery
