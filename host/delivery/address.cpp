#include "delivery/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace patchbay::delivery {
namespace {

struct Block4 {
  std::uint32_t network;
  int bits;
  std::string_view what;
};

constexpr std::uint32_t ip4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

constexpr std::array kBlocks4{
    Block4{ip4(0, 0, 0, 0), 8, "this-network"},
    Block4{ip4(10, 0, 0, 0), 8, "private"},
    Block4{ip4(100, 64, 0, 0), 10, "carrier-grade NAT"},
    Block4{ip4(127, 0, 0, 0), 8, "loopback"},
    Block4{ip4(169, 254, 0, 0), 16, "link-local"},
    Block4{ip4(172, 16, 0, 0), 12, "private"},
    Block4{ip4(192, 0, 0, 0), 24, "reserved"},
    Block4{ip4(192, 0, 2, 0), 24, "documentation"},
    Block4{ip4(192, 88, 99, 0), 24, "reserved"},
    Block4{ip4(192, 168, 0, 0), 16, "private"},
    Block4{ip4(198, 18, 0, 0), 15, "benchmark"},
    Block4{ip4(198, 51, 100, 0), 24, "documentation"},
    Block4{ip4(203, 0, 113, 0), 24, "documentation"},
    Block4{ip4(224, 0, 0, 0), 4, "multicast"},
    Block4{ip4(240, 0, 0, 0), 4, "reserved"},
};

std::string_view notPublic4(std::uint32_t address) {
  for (const auto& block : kBlocks4)
    if ((address ^ block.network) >> (32 - block.bits) == 0) return block.what;
  return {};
}

using Bytes16 = std::array<std::uint8_t, 16>;

std::uint32_t embedded4(const Bytes16& a, std::size_t at) {
  return ip4(a[at], a[at + 1], a[at + 2], a[at + 3]);
}

bool startsWith(const Bytes16& address, std::initializer_list<std::uint8_t> prefix) {
  return std::memcmp(address.data(), prefix.begin(), prefix.size()) == 0;
}

std::string_view notPublic6(const Bytes16& a) {
  if (startsWith(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) && a[15] <= 1)
    return a[15] ? "loopback" : "unspecified";
  if (startsWith(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return "IPv4 inside IPv6";
  // NAT64 is how an IPv6-only network reaches public IPv4; what counts is the address inside.
  if (startsWith(a, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return notPublic4(embedded4(a, 12));
  if (startsWith(a, {0xFE}) && (a[1] & 0xC0U) == 0x80U) return "link-local";
  if ((a[0] & 0xFEU) == 0xFCU) return "private";
  if (a[0] == 0xFF) return "multicast";
  if ((a[0] & 0xE0U) != 0x20U) return "reserved";
  if (startsWith(a, {0x20, 0x01}) && a[2] < 2) return "reserved";  // 2001::/23: Teredo, ORCHID, benchmark
  if (startsWith(a, {0x20, 0x01, 0x0D, 0xB8})) return "documentation";
  if (startsWith(a, {0x20, 0x02})) return "IPv4 inside IPv6";  // 6to4
  if (startsWith(a, {0x3F, 0xFF}) && (a[2] & 0xF0U) == 0) return "documentation";
  return {};
}

}  // namespace

std::string_view notPublic(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return notPublic4(ntohl(in.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    Bytes16 bytes{};
    std::memcpy(bytes.data(), in.sin6_addr.s6_addr, bytes.size());
    return notPublic6(bytes);
  }
  return "of an unknown family";
}

std::string_view notPublic(const std::string& address) {
  in_addr in{};
  if (inet_pton(AF_INET, address.c_str(), &in) == 1) return notPublic4(ntohl(in.s_addr));
  Bytes16 bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return notPublic6(bytes);
  return "unreadable";
}

}  // namespace patchbay::delivery
