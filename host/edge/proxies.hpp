/// Who a request comes from when it passed proxies of ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/http.hpp"
#include "base/network.hpp"

namespace patchbay::edge {

/// YAML `http.trusted_proxies`. Immutable; any thread.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// @throws std::invalid_argument  naming the entry that is no network
  explicit TrustedProxies(const std::vector<std::string>& networks);

  bool trusts(std::string_view address) const;

  /// The client of a request that came from the trusted `peer`: read from the end, the first address in X-Forwarded-For
  /// (or Forwarded) that is not a trusted proxy's; each proxy vouches for the one before it, and what stands further
  /// left anybody may have written. `peer` itself when there is none, when the header cannot be read, and when both
  /// headers are there and disagree: most proxies write one and pass the other on as the client sent it.
  std::string clientOf(const std::string& peer, const http::Headers& headers) const;

 private:
  std::vector<Network> networks_;
};

}  // namespace patchbay::edge
