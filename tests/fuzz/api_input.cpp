// Query, headers and body of a request to the API, read by openapi.yaml. Input: number of the operation, query, value
// of Prefer, body.
#include "api/input.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::api;
using patchbay::fuzz::check;

namespace {

void checkText(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    check(isValidUtf8(text) && text.find('\0') == std::string::npos, "text is fit for the database");
  }
  if (value.is_structured())
    for (const auto& item : value) checkText(item);
}

}  // namespace

FUZZ(std::string_view bytes) {
  static const Contract contract(builtInDocument(), {});
  fuzz::Parts parts(bytes);
  unsigned number = 0;
  for (const char c : parts.next()) number = number * 10U + static_cast<unsigned char>(c) % 10U;
  const Operation& operation = contract.operations()[number % contract.operations().size()];

  std::vector<std::string> ignored;
  std::vector<FieldError> errors;
  const auto query = parts.next();
  const Json values = readQuery(operation, query, ignored, errors);
  if (errors.empty()) checkText(values);
  for (const auto& error : errors)
    check(error.pointer.starts_with("query:"), "an error names its parameter", error.pointer);
  (void)queryValue(query, "tenant_slug");

  http::Request request;
  request.headers = {{"Content-Type", "application/json"}, {"Prefer", std::string(parts.next())}};
  request.body = std::string(parts.rest());
  (void)wantsStrict(request);
  errors.clear();
  (void)readHeaders(operation, request.headers, errors);
  errors.clear();
  const auto body = readBody(operation, request, ignored, errors);
  // A body of white space alone is none; where none is needed, it is accepted as none.
  if (body.ok() && errors.empty() && operation.body && !trim(request.body).empty()) {
    checkText(*body);
    check(operation.body->validate(*body).empty(), "an accepted body fits", dumpJson(*body));
  }
  const std::string header = ignoredHeader(ignored);
  check(header.size() <= 1024 + 64, "the header of ignored names is bounded");
  check(header.find_first_of("\r\n") == std::string::npos, "it is one line", header);
}
