/// Values as parts of a URL.
#pragma once

#include <string>
#include <string_view>

namespace patchbay {

/// `text` as one component of a URL, a path's segment or a query's value: every byte but RFC 3986's unreserved ones
/// (letters, digits, "-._~") as %XX.
/// "." and ".." stay as they are: refuse them where they would be a whole segment.
/// @param kept  further bytes that stay as they are: "/" for a key that is a path of its own
inline std::string percentEncoded(std::string_view text, std::string_view kept = {}) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto plain = [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~' || kept.find(c) != std::string_view::npos;
  };
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain(c))
      out += c;
    else
      out.append({'%', kHex[byte >> 4U], kHex[byte & 0xFU]});
  }
  return out;
}

}  // namespace patchbay
