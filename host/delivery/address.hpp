/// Which network addresses are the open internet, and which are inside somebody's house.
#pragma once

#include <string>
#include <string_view>

struct sockaddr;

namespace patchbay::delivery {

/// Why a connection to `address` must not be made unless the admin allowed the server: "loopback", "private", ...;
/// empty when it is a public address. Everything that is not clearly public is not: unknown families, IPv4 inside IPv6,
/// reserved blocks. Source: IANA special-purpose address registries for IPv4 and IPv6.
std::string_view notPublic(const sockaddr* address);

/// The same for an address as text; "unreadable" when it is none.
std::string_view notPublic(const std::string& address);

}  // namespace patchbay::delivery
