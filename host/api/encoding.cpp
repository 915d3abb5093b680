#include "api/encoding.hpp"

#include <zlib.h>

#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's largest window, in a gzip file
constexpr int kMemory = 8;            // zlib's default: 256 KiB while it works
constexpr int kMost = 1000;           // a quality of 1

/// "0", "0.5", "1.000" in thousandths; -1 when it is no quality.
int quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  int value = (text[0] - '0') * kMost;
  if (text.size() > 1 && text[1] != '.') return -1;
  int unit = kMost / 10;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value += (text[i] - '0') * unit;
  }
  return value <= kMost ? value : -1;
}

}  // namespace

bool acceptsGzip(const http::Headers& request) {
  int gzip = -1, any = -1, plain = -1;
  for (const http::Header& header : request) {
    if (!equalsIgnoreCase(header.name, "Accept-Encoding")) continue;
    for (const auto element : split(header.value, ',')) {
      const auto semicolon = element.find(';');
      const auto coding = trim(element.substr(0, semicolon));
      int wanted = kMost;
      if (semicolon != std::string_view::npos) {
        const auto weight = trim(element.substr(semicolon + 1));
        wanted = weight.size() > 2 && equalsIgnoreCase(weight.substr(0, 2), "q=") ? quality(weight.substr(2)) : -1;
      }
      if (wanted < 0) continue;
      if (equalsIgnoreCase(coding, "gzip") || equalsIgnoreCase(coding, "x-gzip")) gzip = wanted;
      if (equalsIgnoreCase(coding, "identity")) plain = wanted;
      if (coding == "*") any = wanted;
    }
  }
  if (gzip < 0) gzip = any;
  return gzip > 0 && gzip >= plain;
}

std::optional<std::string> gzip(std::string_view bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) return std::nullopt;
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace patchbay::api
