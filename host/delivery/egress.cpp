#include "delivery/egress.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "delivery/address.hpp"

namespace patchbay::delivery {
namespace {

bool matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return pattern == host;
  pattern.remove_prefix(1);  // ".example.com": the name itself is not below itself
  return host.size() > pattern.size() && host.ends_with(pattern);
}

}  // namespace

EgressRules::EgressRules(const std::vector<connectors::Egress>& manifest, const Json& config,
                         std::vector<std::string> allow)
    : allow_(std::move(allow)) {
  for (auto& entry : allow_) entry = lowerAscii(entry);
  for (const auto& entry : manifest) {
    if (!entry.pattern.empty()) {
      patterns_.push_back(lowerAscii(entry.hostIn(config)));
    } else if (const auto value = config.find(entry.config_key); value != config.end() && value->is_string()) {
      if (const auto url = parseUrl(value->get<std::string>()); url.ok()) servers_.push_back(*url);
    }
  }
}

bool EgressRules::allowed(const Url& url) const {
  return std::find(allow_.begin(), allow_.end(), url.authority()) != allow_.end();
}

bool EgressRules::trusts(const Url& url) const {
  if (std::any_of(servers_.begin(), servers_.end(), [&](const Url& server) { return server.sameServer(url); }))
    return true;
  return url.scheme == "https" && url.port == 443 &&
         std::any_of(patterns_.begin(), patterns_.end(), [&](const auto& p) { return matches(p, url.host); });
}

std::string EgressRules::refuse(const Url& url, bool without_secrets) const {
  if (url.scheme == "http" && !allowed(url))
    return "plain http to " + url.authority() + " is not allowed: use https, or list the server in egress_allow";
  if (!without_secrets && !trusts(url))
    return "the server " + url.authority() + " is not in the connector's egress list";
  return {};
}

std::string EgressRules::refuseAddress(const Url& url, const std::string& address) const {
  const std::string_view why = notPublic(address);
  if (why.empty() || allowed(url)) return {};
  return "the address " + address + " of " + url.authority() + " is " + std::string(why) +
         ", not public: list the server in egress_allow if that is meant";
}

}  // namespace patchbay::delivery
