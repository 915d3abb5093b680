// The edge's reader of requests: the same stream whole and byte by byte gives the same requests, and what comes out of
// it is within its limits.
#include "edge/request_reader.hpp"

#include "base/text.hpp"
#include "edge/request_id.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;
using Progress = edge::RequestReader::Progress;

namespace {

constexpr std::size_t kMaxHeader = 2048;
constexpr std::size_t kMaxBody = 4096;

void checkRequest(const http::Request& request) {
  check(edge::isToken(request.method), "a method is a token");
  check(!request.path.empty() && (request.path[0] == '/' || request.path == "*"), "a path starts with '/'",
        request.path);
  check(request.path.find_first_of("? #\r\n") == std::string::npos, "a path has no query", request.path);
  check(request.headers.size() <= edge::kMaxHeaderFields, "at most 100 header fields");
  int hosts = 0;
  for (const auto& header : request.headers) {
    check(edge::isToken(header.name), "a header's name is a token", header.name);
    check(edge::isFieldValue(header.value), "a header's value has no control character", header.value);
    hosts += equalsIgnoreCase(header.name, "Host") ? 1 : 0;
  }
  check(hosts <= 1, "one Host at most");
  check(request.body.size() <= kMaxBody, "a body is within its limit");
  check(edge::isRequestId(edge::requestId(request.header("X-Request-Id"))), "a request id is well-formed");
}

/// Everything that came out of a stream, as one text.
std::string feed(std::string_view stream, std::size_t piece) {
  ByteBudget budget(std::size_t{1} << 20U);
  std::string outcome;
  {
    edge::RequestReader reader(kMaxHeader, budget);
    std::string held;
    std::size_t given = 0;
    bool in_body = false;
    for (;;) {
      std::size_t consumed = 0;
      const Progress progress = in_body ? reader.readBody(held, consumed) : reader.readHead(held, consumed);
      check(consumed <= held.size(), "never more is consumed than was given");
      held.erase(0, consumed);
      if (progress == Progress::kRefused) {
        outcome += "refused " + std::to_string(reader.refusal().status) + " " + reader.refusal().code;
        break;
      }
      if (progress == Progress::kMore) {
        if (given == stream.size()) break;
        const std::size_t size = std::min(piece, stream.size() - given);
        held.append(stream, given, size);
        given += size;
        continue;
      }
      if (!in_body && reader.hasBody()) {
        if (const auto refusal = reader.setBodyLimit(kMaxBody)) {
          outcome += "refused " + std::to_string(refusal->status) + " " + refusal->code;
          break;
        }
        in_body = true;
        continue;
      }
      const http::Request& request = reader.request();
      checkRequest(request);
      outcome += request.method + ' ' + request.path + '?' + request.query + (reader.keepAlive() ? " +" : " -");
      for (const auto& header : request.headers) outcome += '\n' + header.name + ':' + header.value;
      outcome += '\n' + request.body + '\n';
      reader.next();
      in_body = false;
    }
  }
  check(budget.used() == 0, "the budget gets everything back");
  return outcome;
}

}  // namespace

/// Broken chunks may be refused at once, or only when more has come: then one outcome ends where the other goes on with
/// a refusal. What was taken before is the same.
bool same(std::string_view one, std::string_view other) {
  if (one.size() > other.size()) std::swap(one, other);
  if (!other.starts_with(one)) return false;
  other.remove_prefix(one.size());
  return other.empty() || other.starts_with("refused 400");
}

FUZZ(std::string_view bytes) {
  if (bytes.size() > 16384) return;
  const std::string whole = feed(bytes, bytes.size() + 1);
  check(same(feed(bytes, 1), whole), "byte by byte is the same as at once");
  check(same(feed(bytes, 7), whole), "in pieces is the same as at once");
}
