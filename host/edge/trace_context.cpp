#include "edge/trace_context.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "edge/request_id.hpp"

namespace patchbay::edge {
namespace {

constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kSpanIdAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kVersion0Size = 55;
// Nothing here decides what is recorded, so a trace that begins here does not claim to be.
constexpr std::string_view kNotSampled = "00";

bool allLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), isLowerHex);
}

bool isZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<TraceContext> parseTraceparent(std::string_view text) {
  if (text.size() < kVersion0Size) return std::nullopt;
  const auto version = text.substr(0, 2);
  if (!allLowerHex(version) || version == "ff") return std::nullopt;
  if (text.size() > kVersion0Size && (version == "00" || text[kVersion0Size] != '-')) return std::nullopt;
  for (const std::size_t dash : {kTraceIdAt, kSpanIdAt, kFlagsAt})
    if (text[dash - 1] != '-') return std::nullopt;
  const auto trace = text.substr(kTraceIdAt, 32);
  const auto span = text.substr(kSpanIdAt, 16);
  const auto flags = text.substr(kFlagsAt, 2);
  if (!allLowerHex(trace) || isZero(trace) || !allLowerHex(span) || isZero(span) || !allLowerHex(flags)) {
    return std::nullopt;
  }
  return TraceContext{std::string(trace), std::string(flags)};
}

void continueTrace(http::Request& request) {
  std::optional<TraceContext> given;
  bool twice = false;
  for (const http::Header& header : request.headers) {
    if (header.name.size() != std::string_view{"traceparent"}.size() || !equalsIgnoreCase(header.name, "traceparent"))
      continue;
    twice = twice || given.has_value();
    given = parseTraceparent(header.value);
  }
  const bool continued = given && !twice;
  request.trace_id = continued ? std::move(given->trace_id) : randomHex(32);
  request.traceparent.reserve(kVersion0Size);
  request.traceparent.append("00-").append(request.trace_id).append("-").append(randomHex(16)).append("-");
  request.traceparent.append(continued ? std::string_view{given->flags} : kNotSampled);
}

}  // namespace patchbay::edge
