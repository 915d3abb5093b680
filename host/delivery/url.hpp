/// URLs, taken apart by the same parser that later makes the request: what was checked is what is asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace patchbay::delivery {

struct Url {
  std::string scheme;  ///< http or https
  std::string host;    ///< lower case; an IPv6 literal without brackets
  std::uint16_t port = 0;
  std::string path;   ///< percent-encoded, starts with '/', dot segments resolved
  std::string query;  ///< percent-encoded, without '?'

  /// "host:port" as egress_allow has it; an IPv6 literal in brackets.
  std::string authority() const;
  std::string text() const;
  bool sameServer(const Url& other) const { return scheme == other.scheme && host == other.host && port == other.port; }
};

/// Absolute http or https URL of printable characters, without user, password or zone; bytes over 0x7F are
/// percent-encoded (the host must be ASCII), a fragment is dropped.
/// @return kInvalid, saying which rule is broken, without repeating the URL: it may hold a secret.
Result<Url> parseUrl(std::string_view text);

/// `location` of a redirect, relative to `base`.
Result<Url> resolveUrl(const Url& base, std::string_view location);

}  // namespace patchbay::delivery
