/// Errors as RFC 9457 problem details: the one table from error classes to HTTP statuses.
#pragma once

#include <string>

#include "base/http.hpp"
#include "base/result.hpp"

namespace patchbay::api {

/// HTTP status of an error class. Errors with code "internal" are 500 whatever their class.
int statusOf(const Error& error);

/// A refusal whose status no error class has: 405, 415, ...
struct Problem {
  int status = 500;
  std::string code;
  std::string detail;
  std::vector<FieldError> fields = {};
  http::Headers headers = {};
};

/// Secrets in texts are scrubbed. 401 gets WWW-Authenticate, 503 and 429 get Retry-After (2 s unless `headers` has
/// one), 404 the members that clients of the predecessor read (`error`, `message`, `path`).
http::Response problem(const http::Request& request, const Problem& what);
http::Response problem(const http::Request& request, const Error& error);

}  // namespace patchbay::api
