#include "delivery/request.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::delivery {
namespace {

constexpr std::array<std::string_view, 12> kTransportHeaders{
    "host", "content-length", "transfer-encoding", "connection",          "expect",         "upgrade", "keep-alive",
    "te",   "trailer",        "proxy-connection",  "proxy-authorization", "accept-encoding"};

constexpr std::string_view kOpen = "{{secret:";
constexpr std::string_view kClose = "}}";

Error badRequest(std::string why) {
  return {ErrorKind::kInvalid, "bad_request_value", std::move(why)};
}

bool isTokenChar(char c) {
  return isAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// A path segment keeps what RFC 3986 calls pchar, so that "bot123:abc" stays as its owner knows it.
std::string encodeForPath(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = isAlnum(c) || std::string_view("-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : percentEncode(std::string_view(&c, 1));
  }
  return out;
}

/// Replaces each marker by the encoded value, so that no secret can end its place and become something else.
template <class Encode>
Result<std::string> expandEncoded(std::string_view text, const connectors::Secrets& secrets, Encode encode) {
  std::string out;
  while (!text.empty()) {
    const std::size_t begin = text.find(kOpen);
    const std::size_t close = begin == std::string_view::npos ? begin : text.find(kClose, begin);
    if (close == std::string_view::npos) break;
    const std::string_view candidate = text.substr(begin, close + kClose.size() - begin);
    out += text.substr(0, begin);
    if (secrets.hasMarker(candidate)) {
      const auto value = secrets.expand(candidate);
      if (!value.ok()) return value.error();
      out += encode(*value);
    } else {
      out += candidate;
    }
    text.remove_prefix(begin + candidate.size());
  }
  return out + std::string(text);
}

std::optional<Error> fillUrl(const std::string& text, const connectors::Secrets& secrets, PreparedRequest& out) {
  auto url = parseUrl(text);
  if (!url.ok()) return url.error();
  if (secrets.hasMarker(text)) {
    const bool in_target = secrets.hasMarker(url->path) || secrets.hasMarker(url->query);
    if (!in_target) return badRequest("url: secret markers are replaced in the path and the query only");
    out.has_secrets = true;
    auto path = expandEncoded(url->path, secrets, encodeForPath);
    if (!path.ok()) return path.error();
    auto query = expandEncoded(url->query, secrets, [](std::string_view v) { return percentEncode(v); });
    if (!query.ok()) return query.error();
    url->path = std::move(*path);
    url->query = std::move(*query);
  }
  out.url = std::move(*url);
  return std::nullopt;
}

}  // namespace

std::optional<Error> addHeader(PreparedRequest& request, std::string name, std::string value, bool secret) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), isTokenChar))
    return badRequest("headers: a name must be a token of letters, digits and -");
  const std::string lower = lowerAscii(name);
  if (std::find(kTransportHeaders.begin(), kTransportHeaders.end(), lower) != kTransportHeaders.end())
    return badRequest("headers: " + name + " is set by Patchbay itself");
  const bool harmful = std::any_of(value.begin(), value.end(), [](char c) { return isControl(c) && c != '\t'; });
  if (harmful) return badRequest("headers: the value of " + name + " has a control character");
  request.headers.push_back({std::move(name), std::move(value), secret});
  return std::nullopt;
}

Result<PreparedRequest> prepareRequest(const Json& request, const RequestContext& context) {
  const auto& secrets = *context.secrets;
  PreparedRequest out;
  out.egress = context.egress;
  out.method = request.at("method").get<std::string>();
  out.unsafe = request.at("repeat") != "safe";
  out.follow = request.value("follow", 0);
  out.into_blob = request.contains("into");
  out.max_response = request.value("max_response", out.max_response);
  if (request.contains("timeout_ms")) out.timeout = std::chrono::milliseconds{request["timeout_ms"].get<int>()};
  const bool reads = out.method == "GET" || out.method == "HEAD";
  if (out.follow > 0 && (out.unsafe || !reads))
    return badRequest("follow: redirects are followed for safe GET and HEAD only");

  if (const auto error = fillUrl(request.at("url").get_ref<const std::string&>(), secrets, out)) return *error;
  for (const auto& pair : request.value("headers", Json::array())) {
    const auto& raw = pair.at(1).get_ref<const std::string&>();
    const bool secret = secrets.hasMarker(raw);
    auto value = secrets.expand(raw);
    if (!value.ok()) return value.error();
    out.has_secrets |= secret;
    if (auto error = addHeader(out, pair.at(0).get<std::string>(), std::move(*value), secret)) return *error;
  }

  auto body = buildBody(request, *context.blobs, secrets);
  if (!body.ok()) return body.error();
  out.body = std::move(*body);
  if (out.body.present && reads) return badRequest("a " + out.method + " request has no body");
  const auto named = [](const RequestHeader& h) { return equalsIgnoreCase(h.name, "Content-Type"); };
  if (!out.body.content_type.empty()) {
    std::erase_if(out.headers, named);  // multipart's must carry our boundary; json and form are what they are
    out.headers.push_back({"Content-Type", out.body.content_type, false});
  }
  for (const auto& pair : request.value("form", Json::array()))
    out.has_secrets |= secrets.hasMarker(pair.at(1).get_ref<const std::string&>());

  if (const auto auth = request.find("auth"); auth != request.end() && !auth->empty()) {
    out.has_secrets = true;
    if (const auto error = applyAuth(*auth, context, out)) return *error;
  }
  if (const auto why = out.egress->refuse(out.url, out.into_blob && !out.has_secrets); !why.empty())
    return Error{ErrorKind::kForbidden, "egress_forbidden", why};
  return out;
}

Result<PreparedRequest> prepareDownload(const std::string& url, std::shared_ptr<const EgressRules> egress,
                                        std::uint64_t max_bytes) {
  auto parsed = parseUrl(url);
  if (!parsed.ok()) return parsed.error();
  PreparedRequest out;
  out.method = "GET";
  out.url = std::move(*parsed);
  out.unsafe = false;
  out.follow = 3;
  out.into_blob = true;
  out.max_response = max_bytes;
  out.timeout = std::chrono::minutes{2};
  out.egress = std::move(egress);
  if (const auto why = out.egress->refuse(out.url, true); !why.empty())
    return Error{ErrorKind::kForbidden, "egress_forbidden", why};
  return out;
}

}  // namespace patchbay::delivery
