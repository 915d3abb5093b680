#include "edge/proxies.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"

namespace patchbay::edge {
namespace {

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

TrustedProxies::TrustedProxies(const std::vector<std::string>& networks) {
  for (const auto& text : networks) {
    const auto network = Network::parse(text);
    if (!network) throw std::invalid_argument("trusted proxy '" + text + "' is not a network like 10.0.0.0/8");
    networks_.push_back(*network);
  }
}

bool TrustedProxies::trusts(std::string_view address) const {
  if (networks_.empty()) return false;
  const auto parsed = parseIpAddress(address);
  return parsed && std::any_of(networks_.begin(), networks_.end(),
                               [&](const Network& network) { return network.contains(*parsed); });
}

std::string TrustedProxies::clientOf(const std::string& peer, const http::Headers& headers) const {
  const auto last = [&](const std::vector<std::string_view>& elements, bool forwarded) -> std::string_view {
    std::string_view found;
    for (std::size_t i = elements.size(); i-- > 0;) {
      const auto address = withoutPort(forwarded ? forOf(elements[i]) : elements[i]);
      if (!parseIpAddress(address)) return found;  // "unknown", a name: nobody can say who was before
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
