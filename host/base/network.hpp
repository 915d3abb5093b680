/// IP addresses and networks, as numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay {

/// IPv4 as IPv4-mapped IPv6, so that both forms of one address are equal.
using IpAddress = std::array<std::uint8_t, 16>;

/// "192.0.2.1", "2001:db8::1"; no port, no brackets, no zone.
std::optional<IpAddress> parseIpAddress(std::string_view text);

/// "10.0.0.0/8", "192.0.2.7", "fd00::/8": addresses with a common beginning.
class Network {
 public:
  /// @return nothing when it is no network, or has bits set behind the prefix ("10.1.0.0/8" is likely a mistake)
  static std::optional<Network> parse(std::string_view text);

  bool contains(const IpAddress& address) const;

 private:
  IpAddress address_{};
  unsigned prefix_ = 128;
};

}  // namespace patchbay
