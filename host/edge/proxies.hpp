/// Who a request comes from when it passed proxies of ours.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.hpp"

namespace patchbay::edge {

/// "10.0.0.0/8", "192.0.2.7", "fd00::/8": addresses with a common beginning.
class Network {
 public:
  /// @return nothing when it is no network, or has bits set behind the prefix ("10.1.0.0/8" is likely a mistake)
  static std::optional<Network> parse(std::string_view text);

  using Address = std::array<std::uint8_t, 16>;  ///< IPv4 as IPv4-mapped IPv6
  bool contains(const Address& address) const;

 private:
  Address address_{};
  unsigned prefix_ = 128;
};

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
