/// Path, query, headers and body of a request, read as openapi.yaml says.
#pragma once

#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/contract.hpp"
#include "base/http.hpp"
#include "base/result.hpp"

namespace patchbay::api {

/// Nesting that a body may have.
inline constexpr int kMaxBodyDepth = 64;
/// Members and items that a body may have, all levels together: a body of half a million integers is small, but what is
/// said about each is not.
inline constexpr std::size_t kMaxBodyValues = 20000;
/// Mistakes that one answer tells, and unknown names that it lists.
inline constexpr std::size_t kMaxNamed = 100;

/// First value of `name` in a raw query, decoded; nothing when it is not there or not decodable.
std::optional<std::string> queryValue(std::string_view raw_query, std::string_view name);

/// Each reader adds what breaks a rule to `errors` ("query:limit", "path:id", "header:If-Match") and goes on.
Json readPath(const Operation& operation, const std::vector<std::string>& names, const std::vector<std::string>& values,
              std::vector<FieldError>& errors);
/// @param ignored  gets the names of parameters that the operation does not know
Json readQuery(const Operation& operation, std::string_view raw_query, std::vector<std::string>& ignored,
               std::vector<FieldError>& errors);
Json readHeaders(const Operation& operation, const http::Headers& headers, std::vector<FieldError>& errors);

/// Reads the JSON body, checks it against the operation's schema, takes out members that the schema does not know
/// (their names go to `ignored`, at most kMaxNamed and one more) and nulls that mean "not given", fills in defaults,
/// and replaces NUL characters, which PostgreSQL does not take.
///
/// An optional member that is null counts as not given, unless its schema says `x-patchbay-null: clears`.
///
/// @return kBadRequest "invalid_json" (also for more than 64 levels), kInvalid "body_missing" or "body_too_complex"
/// (more
///         than kMaxBodyValues) with one field, or, when `errors` is not empty afterwards, a body that must not be
///         used.
Result<Json> readBody(const Operation& operation, const http::Request& request, std::vector<std::string>& ignored,
                      std::vector<FieldError>& errors);

/// Names for the header Patchbay-Ignored: sorted, each once, safe in a header, at most kMaxNamed and 1 KB.
std::string ignoredHeader(std::vector<std::string> names);

/// Does `Prefer: handling=strict` (RFC 7240) ask for a refusal of what would be ignored?
bool wantsStrict(const http::Request& request);

}  // namespace patchbay::api
