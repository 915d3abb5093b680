#include "api/outgoing.hpp"

#include <algorithm>

#include "api/encoding.hpp"
#include "api/worker_pool.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

/// Below this a packet or two are saved, and the client waits as long for the unpacking.
constexpr std::size_t kWorthIt = std::size_t{4} << 10U;
/// Above this a worker would be busy for more than a fifth of a second.
constexpr std::size_t kTooMuch = std::size_t{16} << 20U;
constexpr int kFast = 1;  // 80 MB/s here; JSON still shrinks to a sixth

/// Does If-None-Match name the entity tag? Weak comparison (RFC 9110, 13.1.2).
bool noneMatches(std::string_view header, std::string_view etag) {
  for (const auto part : split(header, ',')) {
    auto one = trim(part);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag) return true;
  }
  return false;
}

}  // namespace

Outgoing::Outgoing(const http::Request& request, std::string_view pattern, bool get)
    : pattern_(pattern),
      get_(get),
      gzip_(get && acceptsGzip(request.headers)),
      if_none_match_(get ? request.header("If-None-Match") : std::string_view{}) {}

void Outgoing::finish(http::Response& response) {
  response.route = pattern_;
  response.tenant = std::move(tenant_);
  if (rate_) addRateHeaders(response.headers, *rate_);
  if (get_ && !notModified(response)) compress(response);
}

http::Respond Outgoing::before(std::shared_ptr<Outgoing> outgoing, http::Respond respond) {
  return [outgoing = std::move(outgoing), respond = std::move(respond)](http::Response response) {
    outgoing->finish(response);
    respond(std::move(response));
  };
}

bool Outgoing::notModified(http::Response& response) const {
  if (if_none_match_.empty() || response.status != 200) return false;
  const auto etag = http::find(response.headers, "ETag");
  if (etag.empty() || !noneMatches(if_none_match_, etag)) return false;
  response.status = 304;
  response.dropContent();
  // What describes the body is not sent without it (RFC 9110, 15.4.5).
  std::erase_if(response.headers, [](const http::Header& header) {
    return equalsIgnoreCase(header.name, "Content-Encoding") || equalsIgnoreCase(header.name, "Content-Type");
  });
  return true;
}

// Only answers to GET, and only JSON that is made for this one request by a worker:
//  - An ETag would have to differ from that of the plain bytes, and If-Match could then not name it.
//  - BREACH needs a page that can make its visitor's browser ask with credentials of its own choice of text. Callers
//  are
//    known by a token in a header, which no page of another origin can have sent (cookies are not looked at), so the
//    attacker would have to be the caller. Answers that hold a secret (a new API key) are answers to POST, and stay
//    plain.
//  - The I/O threads and the lanes serve everybody and must not spend milliseconds on one answer.
void Outgoing::compress(http::Response& response) const {
  if (response.status != 200 || response.body.size() < kWorthIt || response.body.size() > kTooMuch) return;
  if (!response.borrowed.bytes.empty() || !http::find(response.headers, "ETag").empty() ||
      !http::find(response.headers, "Content-Encoding").empty() ||
      http::find(response.headers, "Content-Type") != "application/json" || !WorkerPool::onWorker())
    return;
  response.headers.push_back({"Vary", "Accept-Encoding"});
  if (!gzip_) return;
  auto packed = gzip(response.body, kFast);
  if (!packed || packed->size() >= response.body.size()) return;
  response.body = std::move(*packed);
  response.headers.push_back({"Content-Encoding", "gzip"});
}

}  // namespace patchbay::api
