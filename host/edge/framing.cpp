#include "edge/framing.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::edge {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

constexpr Refusal bad(const char* detail) {
  return Refusal{400, "bad_framing", detail};
}

// Host: uri-host [":" port]. Only the characters are checked: names are not looked up.
bool isHost(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return isAlnum(c) || std::string_view("-._~:[]%!$&'()*+;=").find(c) != std::string_view::npos;
  });
}

bool isTarget(std::string_view target) {
  return std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

std::optional<Refusal> checkTarget(std::string_view method, std::string_view target) {
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return Refusal{501, "method_not_implemented", "this server knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"};
  }
  if (target == "*" && method == "OPTIONS") return std::nullopt;
  if (target.empty() || target.front() != '/') {
    return Refusal{400, "bad_target", "the request target must be a path that starts with '/'"};
  }
  if (!isTarget(target)) {
    return Refusal{400, "bad_target", "the request target holds a character that must be percent-encoded"};
  }
  return std::nullopt;
}

// One pass over the fields gathers what the rules need; the rules stand in checkFraming.
struct Seen {
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  int expects = 0;
  std::string_view host, length, encoding, expect;
  bool bad_value = false;
};

Seen look(const http::Headers& headers) {
  Seen seen;
  for (const http::Header& header : headers) {
    const auto note = [&](std::string_view name, int& count, std::string_view& value) {
      if (header.name.size() != name.size() || !equalsIgnoreCase(header.name, name)) return;
      ++count;
      value = header.value;
    };
    note("host", seen.hosts, seen.host);
    note("content-length", seen.lengths, seen.length);
    note("transfer-encoding", seen.encodings, seen.encoding);
    note("expect", seen.expects, seen.expect);
    if (!isFieldValue(header.value)) seen.bad_value = true;
  }
  return seen;
}

std::optional<Refusal> checkBody(const Seen& seen, int version, Framing& framing) {
  if (seen.lengths > 1) return bad("more than one Content-Length");
  if (seen.lengths == 1 && seen.encodings > 0) return bad("both Content-Length and Transfer-Encoding");
  if (seen.lengths == 1) {
    std::uint64_t length = 0;
    const char* end = seen.length.data() + seen.length.size();
    const bool digits = !seen.length.empty() && std::all_of(seen.length.begin(), seen.length.end(), isDigit);
    if (!digits || seen.length.size() > 18 || std::from_chars(seen.length.data(), end, length).ptr != end) {
      return bad("Content-Length must be one number of at most 18 digits");
    }
    framing.length = length;
  }
  if (seen.encodings > 0) {
    if (seen.encodings > 1 || !equalsIgnoreCase(seen.encoding, "chunked")) {
      return bad("Transfer-Encoding must be exactly 'chunked'");
    }
    if (version < 11) return bad("Transfer-Encoding does not exist in HTTP/1.0");
    framing.chunked = true;
  }
  return std::nullopt;
}

std::optional<Refusal> checkFields(const Seen& seen, int version, Framing& framing) {
  if (seen.bad_value) return bad("a header value holds a control character");
  if (seen.hosts > 1) return bad("more than one Host");
  if (version >= 11 && seen.hosts == 0) return bad("no Host");
  if (seen.hosts == 1 && !isHost(seen.host)) return bad("Host must be a name or address with an optional port");
  if (auto refusal = checkBody(seen, version, framing)) return refusal;
  // RFC 9110, 10.1.1: a client of HTTP/1.0 cannot expect anything, so the field is ignored there.
  if (seen.expects > 0 && version >= 11) {
    if (seen.expects > 1 || !equalsIgnoreCase(seen.expect, "100-continue")) {
      return Refusal{417, "expectation_failed", "the only expectation that can be met is 100-continue"};
    }
    framing.expects_continue = true;
  }
  return std::nullopt;
}

}  // namespace

bool isFieldValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return isControl(c) && c != '\t'; });
}

bool isToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return isAlnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

Framing checkFraming(const http::Request& request, std::string_view target, int version) {
  Framing framing;
  // The framing comes first: when it is in doubt nothing else of the request may be believed.
  framing.refusal = checkFields(look(request.headers), version, framing);
  if (!framing.refusal) framing.refusal = checkTarget(request.method, target);
  return framing;
}

void splitTarget(std::string_view target, http::Request& request) {
  const std::size_t mark = target.find('?');
  request.path.assign(target.substr(0, mark));
  if (mark == std::string_view::npos) {
    request.query.clear();
  } else {
    request.query.assign(target.substr(mark + 1));
  }
}

}  // namespace patchbay::edge
