/// What one request and its answer leave behind: for the log, and for what the edge adds to answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.hpp"

namespace patchbay::edge {

struct Exchange {
  std::string id;
  std::string trace_id;
  std::string method;      ///< empty: the header could not be understood
  std::string client;      ///< address
  std::string origin;      ///< of a page in a browser; empty: not from one
  bool preflight = false;  ///< OPTIONS by which a browser asks for permission
  bool head_only = false;  ///< HEAD
  bool open = false;       ///< begun, and not in the log yet
  std::chrono::steady_clock::time_point started;
  std::uint64_t bytes_in = 0;   ///< header and body as received
  std::uint64_t bytes_out = 0;  ///< the same of the answer
  int status = 0;
  std::string_view route = {};  ///< see http::Response::route
  std::string tenant = {};
};

/// YAML `http.access_log`.
struct AccessLogOptions {
  bool enabled = false;
  std::vector<std::string> skip = {"/health", "/ready"};  ///< route templates that are not worth a line
};

/// One line. Never the path itself, nor the query: tokens of providers are in some. A client that went away before its
/// answer was written is status 499, as other servers have it.
void logAccess(const AccessLogOptions& options, const Exchange& exchange);

/// YAML `http.cors`.
struct CorsOptions {
  std::vector<std::string> origins;   ///< as browsers write them: "https://app.example.org"; "*" stands for all
  std::chrono::seconds max_age{600};  ///< for which a browser remembers a permission
};

/// Lets pages of the configured origins read answers (Fetch standard, "CORS protocol"). Cookies are never part of it:
/// callers are known by their token alone.
void applyCors(const CorsOptions& options, const Exchange& exchange, http::Response& response);

}  // namespace patchbay::edge
