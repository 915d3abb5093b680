#include "api/problem.hpp"

#include "base/log.hpp"
#include "base/problem.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

/// How long a caller should wait when it is our load or our database that says no.
constexpr const char* kRetryAfterSeconds = "2";

/// RFC 6750, 3: who sent no bearer token gets no error code, only the way in.
const char* challenge(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto given = request.header("Authorization");
  const bool bearer = given.size() > kScheme.size() && equalsIgnoreCase(given.substr(0, kScheme.size()), kScheme);
  return bearer ? "Bearer error=\"invalid_token\"" : "Bearer";
}

}  // namespace

int statusOf(const Error& error) {
  if (error.code == "internal") return 500;
  switch (error.kind) {
    case ErrorKind::kBadRequest:
      return 400;
    case ErrorKind::kUnauthorized:
      return 401;
    case ErrorKind::kForbidden:
      return 403;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kPrecondition:
      return 412;
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kInvalid:
      return 422;
    case ErrorKind::kTooMany:
      return 429;
    case ErrorKind::kUnsupported:
      return 501;
    case ErrorKind::kUnavailable:
      return 503;
  }
  return 500;
}

http::Response problem(const http::Request& request, const Problem& what) {
  const auto detail = log::scrub(what.detail);
  auto fields = what.fields;
  for (auto& field : fields) field.message = log::scrub(field.message);
  auto response = http::problemDocument({.status = what.status,
                                         .code = what.code,
                                         .detail = detail,
                                         .request_id = request.id,
                                         .path = request.path,
                                         .fields = &fields});
  response.headers.insert(response.headers.end(), what.headers.begin(), what.headers.end());
  if (what.status == 401 && http::find(what.headers, "WWW-Authenticate").empty())
    response.headers.push_back({"WWW-Authenticate", challenge(request)});
  if ((what.status == 503 || what.status == 429) && http::find(what.headers, "Retry-After").empty())
    response.headers.push_back({"Retry-After", kRetryAfterSeconds});
  return response;
}

http::Response problem(const http::Request& request, const Error& error) {
  const int status = statusOf(error);
  // What went wrong inside is for the log, not for the caller.
  if (status == 500) {
    log::error("api", "request failed", {{"request_id", request.id}, {"path", request.path}, {"why", error.message}});
    return problem(request,
                   Problem{500, "internal", "Something failed on our side; the log has it under the request id."});
  }
  return problem(request, Problem{status, error.code, error.message, error.fields});
}

}  // namespace patchbay::api
