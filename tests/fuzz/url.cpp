// URLs, redirects and addresses: one meaning or none. Input: a base URL, a redirect's location.
#include "delivery/url.hpp"

#include <algorithm>

#include "delivery/address.hpp"
#include "delivery/egress.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::delivery;
using patchbay::fuzz::check;

namespace {

void checkUrl(const Url& url) {
  check(url.scheme == "http" || url.scheme == "https", "the scheme is http or https");
  check(!url.host.empty() && url.port != 0, "there are a host and a port");
  check(url.path.starts_with('/'), "the path starts with '/'");
  const std::string text = url.text();
  check(std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; }), "a URL is printable", text);
  check(url.host.find_first_of("/?#@\\%") == std::string::npos, "a host is a host", url.host);
  check(std::none_of(url.host.begin(), url.host.end(), [](char c) { return c >= 'A' && c <= 'Z'; }),
        "a host is lower case", url.host);
  const auto again = parseUrl(text);
  check(again.ok(), "what is printed can be read", text);
  check(again->text() == text && again->sameServer(url), "what is printed reads the same", text);
}

}  // namespace

FUZZ(std::string_view bytes) {
  static const auto rules = [] {
    connectors::Egress exact, wild;
    exact.pattern = "graph.example.com";
    wild.pattern = "*.cdn.example.com";
    return EgressRules({exact, wild}, Json::object(), {"127.0.0.1:9000"});
  }();
  fuzz::Parts parts(bytes);
  const auto first = parts.next();
  (void)notPublic(std::string(first));
  const auto base = parseUrl(first);
  if (!base.ok()) {
    check(fuzz::oneLine(base.error().message), "a refusal is one line");
    return;
  }
  checkUrl(*base);
  if (rules.trusts(*base))
    check(base->host == "graph.example.com" || base->host.ends_with(".cdn.example.com") || base->port == 9000,
          "only named servers are trusted", base->text());
  if (rules.refuse(*base, false).empty())
    check(rules.trusts(*base) || base->authority() == "127.0.0.1:9000", "secrets go nowhere else", base->text());
  if (const auto target = resolveUrl(*base, parts.rest()); target.ok()) checkUrl(*target);
}
