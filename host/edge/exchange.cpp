#include "edge/exchange.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/log.hpp"

namespace patchbay::edge {
namespace {

constexpr std::string_view kUnknown = "-";

// What a page may send beyond the headers that need no permission, and what it may read of an answer.
constexpr const char* kAllowHeaders =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id, X-Tenant-Slug, "
    "traceparent";
constexpr const char* kExposeHeaders =
    "Content-Disposition, ETag, Link, Location, Patchbay-Ignored, RateLimit, RateLimit-Limit, RateLimit-Policy, "
    "RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-Id";

std::string_view orUnknown(std::string_view text) {
  return text.empty() ? kUnknown : text;
}

log::Field number(std::string_view key, double value) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3f", value);
  log::Field field(key, std::string(text.data(), static_cast<std::size_t>(size)));
  field.literal = true;
  return field;
}

}  // namespace

void logAccess(const AccessLogOptions& options, const Exchange& exchange) {
  if (!options.enabled || !log::enabled(log::Level::kInfo)) return;
  if (std::find(options.skip.begin(), options.skip.end(), exchange.route) != options.skip.end()) return;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const auto took = Milliseconds(std::chrono::steady_clock::now() - exchange.started).count();
  const log::Scope ids({.request_id = exchange.id, .trace_id = exchange.trace_id, .tenant = exchange.tenant});
  log::info("access", "request",
            {{"method", orUnknown(exchange.method)},
             {"route", orUnknown(exchange.route)},
             {"status", exchange.status},
             {"bytes_in", exchange.bytes_in},
             {"bytes_out", exchange.bytes_out},
             number("ms", took),
             {"peer", exchange.client}});
}

void applyCors(const CorsOptions& options, const Exchange& exchange, http::Response& response) {
  if (options.origins.empty()) return;
  const auto has = [&](std::string_view origin) {
    return std::find(options.origins.begin(), options.origins.end(), origin) != options.origins.end();
  };
  const bool all = has("*");
  // Also where no page asks: a cache must not give its answer to one.
  if (!all) response.headers.push_back({"Vary", "Origin"});
  if (exchange.origin.empty() || (!all && !has(exchange.origin))) return;
  response.headers.push_back({"Access-Control-Allow-Origin", all ? "*" : exchange.origin});
  if (!exchange.preflight) {
    response.headers.push_back({"Access-Control-Expose-Headers", kExposeHeaders});
    return;
  }
  response.headers.push_back({"Access-Control-Allow-Methods", std::string(http::find(response.headers, "Allow"))});
  response.headers.push_back({"Access-Control-Allow-Headers", kAllowHeaders});
  response.headers.push_back({"Access-Control-Max-Age", std::to_string(options.max_age.count())});
}

}  // namespace patchbay::edge
