#include "base/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace patchbay {
namespace {

constexpr unsigned kMappedBits = 96;  // before an IPv4 address in its IPv6 form

}  // namespace

std::optional<IpAddress> parseIpAddress(std::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  IpAddress address{};
  if (inet_pton(AF_INET, terminated.c_str(), address.data() + kMappedBits / 8) == 1) {
    address[10] = address[11] = 0xff;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  return std::nullopt;
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  const auto address = parseIpAddress(host);
  if (!address) return std::nullopt;
  const bool v4 = host.find(':') == std::string_view::npos;
  const unsigned longest = v4 ? 32 : 128;
  unsigned prefix = longest;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > longest) return std::nullopt;
  }
  Network network;
  network.address_ = *address;
  network.prefix_ = prefix + (v4 ? kMappedBits : 0);
  for (unsigned bit = network.prefix_; bit < 128; ++bit)
    if ((network.address_[bit / 8] >> (7 - bit % 8) & 1U) != 0) return std::nullopt;
  return network;
}

bool Network::contains(const IpAddress& address) const {
  const unsigned whole = prefix_ / 8;
  if (!std::equal(address.begin(), address.begin() + whole, address_.begin())) return false;
  if (prefix_ % 8 == 0) return true;
  const unsigned mask = 0xffU << (8 - prefix_ % 8) & 0xffU;
  return (address[whole] & mask) == address_[whole];
}

}  // namespace patchbay
