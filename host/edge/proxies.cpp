#include "edge/proxies.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/text.hpp"

namespace patchbay::edge {
namespace {

constexpr unsigned kMappedBits = 96;  // of an IPv4 address in its IPv6 form

struct Parsed {
  Network::Address bytes{};
  bool v4 = false;
};

std::optional<Parsed> parseAddress(std::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  Parsed parsed;
  if (inet_pton(AF_INET, terminated.c_str(), parsed.bytes.data() + 12) == 1) {
    parsed.bytes[10] = parsed.bytes[11] = 0xff;
    parsed.v4 = true;
    return parsed;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), parsed.bytes.data()) == 1) return parsed;
  return std::nullopt;
}

/// "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1": the address in a forwarding header.
std::string_view withoutPort(std::string_view node) {
  if (node.starts_with('[')) {
    const auto end = node.find(']');
    return end == std::string_view::npos ? std::string_view{} : node.substr(1, end - 1);
  }
  const auto colon = node.find(':');
  const bool one_colon = colon != std::string_view::npos && node.find(':', colon + 1) == std::string_view::npos;
  return one_colon ? node.substr(0, colon) : node;
}

/// Value of `for` in one element of Forwarded (RFC 7239, section 4); empty when it has none.
std::string_view forOf(std::string_view element) {
  for (const auto pair : split(element, ';')) {
    const auto trimmed = trim(pair);
    if (trimmed.size() < 4 || !equalsIgnoreCase(trimmed.substr(0, 4), "for=")) continue;
    auto value = trimmed.substr(4);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

/// All elements of all headers of that name, in order: several headers mean the same as one with commas.
std::vector<std::string_view> elementsOf(const http::Headers& headers, std::string_view name) {
  std::vector<std::string_view> elements;
  for (const http::Header& header : headers) {
    if (!equalsIgnoreCase(header.name, name)) continue;
    for (const auto part : split(header.value, ',')) elements.push_back(trim(part));
  }
  return elements;
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parseAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned longest = address->v4 ? 32 : 128;
  unsigned prefix = longest;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > longest) return std::nullopt;
  }
  Network network;
  network.address_ = address->bytes;
  network.prefix_ = prefix + (address->v4 ? kMappedBits : 0);
  for (unsigned bit = network.prefix_; bit < 128; ++bit)
    if ((network.address_[bit / 8] >> (7 - bit % 8) & 1U) != 0) return std::nullopt;
  return network;
}

bool Network::contains(const Address& address) const {
  const unsigned whole = prefix_ / 8;
  if (!std::equal(address.begin(), address.begin() + whole, address_.begin())) return false;
  if (prefix_ % 8 == 0) return true;
  const unsigned mask = 0xffU << (8 - prefix_ % 8) & 0xffU;
  return (address[whole] & mask) == address_[whole];
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& networks) {
  for (const auto& text : networks) {
    const auto network = Network::parse(text);
    if (!network) throw std::invalid_argument("trusted proxy '" + text + "' is not a network like 10.0.0.0/8");
    networks_.push_back(*network);
  }
}

bool TrustedProxies::trusts(std::string_view address) const {
  if (networks_.empty()) return false;
  const auto parsed = parseAddress(address);
  return parsed && std::any_of(networks_.begin(), networks_.end(),
                               [&](const Network& network) { return network.contains(parsed->bytes); });
}

std::string TrustedProxies::clientOf(const std::string& peer, const http::Headers& headers) const {
  const auto last = [&](const std::vector<std::string_view>& elements, bool forwarded) -> std::string_view {
    std::string_view found;
    for (std::size_t i = elements.size(); i-- > 0;) {
      const auto address = withoutPort(forwarded ? forOf(elements[i]) : elements[i]);
      if (!parseAddress(address)) return found;  // "unknown", a name: nobody can say who was before
      found = address;
      if (!trusts(address)) return found;
    }
    return found;
  };
  const auto listed = elementsOf(headers, "X-Forwarded-For");
  const auto structured = elementsOf(headers, "Forwarded");
  const auto first = last(listed, false);
  const auto second = last(structured, true);
  if (!listed.empty() && !structured.empty() && first != second) return peer;
  const auto client = listed.empty() ? second : first;
  return client.empty() ? peer : std::string(client);
}

}  // namespace patchbay::edge
