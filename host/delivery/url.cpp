#include "delivery/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/text.hpp"

namespace patchbay::delivery {
namespace {

constexpr std::size_t kMaxUrl = 16384;

Error badUrl(std::string why) {
  return {ErrorKind::kInvalid, "bad_url", "the URL " + std::move(why)};
}

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

/// A part, or empty when the URL has none.
std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK || !text) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

/// Percent-encodes what is not ASCII. @return false for blanks, control characters and backslashes: parsers disagree
/// there.
bool encodeBytes(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '\\') return false;
    if (byte < 0x80) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    }
  }
  return true;
}

Result<Url> takeApart(CURLU* handle) {
  Url url;
  url.scheme = lowerAscii(part(handle, CURLUPART_SCHEME));
  if (url.scheme != "https" && url.scheme != "http") return badUrl("must start with https:// or http://");
  if (!part(handle, CURLUPART_USER).empty() || !part(handle, CURLUPART_PASSWORD).empty())
    return badUrl("must not hold a user or password");
  if (!part(handle, CURLUPART_ZONEID).empty()) return badUrl("must not name a network interface");
  url.host = lowerAscii(part(handle, CURLUPART_HOST));
  if (url.host.starts_with('[') && url.host.ends_with(']')) url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.ends_with('.')) {
    url.host.pop_back();  // "host." is the same server as "host", and must not dodge a rule
    // "127.0." is a name, and "127.0" would be an address.
    if (const auto label = url.host.rfind('.') + 1;
        label < url.host.size() && url.host[label] >= '0' && url.host[label] <= '9')
      return badUrl("has a number with a dot behind it for a host");
  }
  if (url.host.empty()) return badUrl("names no host");
  // libcurl decodes escapes in the host: "%85a" comes out as a byte that no rule about names was made for.
  // "a.." and ".a" have an empty label, and lose another dot each time they are read.
  constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-_:";
  if (url.host.find_first_not_of(kHostCharacters) != std::string::npos)
    return badUrl("has a host name that is not plain ASCII");
  if (url.host.starts_with('.') || url.host.ends_with('.') || url.host.find("..") != std::string::npos)
    return badUrl("has a host name with an empty part");
  const std::string port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto read = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (read.ec != std::errc() || url.port == 0) return badUrl("has no usable port");
  url.path = part(handle, CURLUPART_PATH);
  if (url.path.empty()) url.path = "/";
  url.query = part(handle, CURLUPART_QUERY);
  return url;
}

}  // namespace

std::string Url::authority() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::string Url::text() const {
  return scheme + "://" + authority() + path + (query.empty() ? "" : "?" + query);
}

Result<Url> parseUrl(std::string_view text) {
  if (text.size() > kMaxUrl) return badUrl("is longer than " + std::to_string(kMaxUrl) + " bytes");
  std::string encoded;
  if (!encodeBytes(text, encoded)) return badUrl("must not hold blanks, control characters or backslashes");
  const Handle handle(curl_url(), curl_url_cleanup);
  // A scheme with one or three slashes is taken by libcurl and by few others: what parsers read differently is refused.
  const std::string start = lowerAscii(encoded.substr(0, 9));
  const std::size_t slashes = start.find("://");
  if (slashes == std::string::npos || encoded.compare(slashes + 3, 1, "/") == 0)
    return badUrl("must start with https:// or http:// and a host");
  if (const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, encoded.c_str(), 0); code != CURLUE_OK)
    return badUrl("cannot be read: " + lowerAscii(curl_url_strerror(code)));
  return takeApart(handle.get());
}

Result<Url> resolveUrl(const Url& base, std::string_view location) {
  if (location.size() > kMaxUrl) return badUrl("is longer than " + std::to_string(kMaxUrl) + " bytes");
  std::string encoded;
  if (!encodeBytes(location, encoded)) return badUrl("must not hold blanks, control characters or backslashes");
  const Handle handle(curl_url(), curl_url_cleanup);
  if (curl_url_set(handle.get(), CURLUPART_URL, base.text().c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, encoded.c_str(), 0) != CURLUE_OK)
    return badUrl("cannot be read");
  return takeApart(handle.get());
}

}  // namespace patchbay::delivery
