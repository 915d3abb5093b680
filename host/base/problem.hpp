/// The one form of errors (RFC 9457), whoever says no: an edge or the API.
#pragma once

#include <string_view>
#include <vector>

#include "base/http.hpp"
#include "base/result.hpp"

namespace patchbay::http {

struct ProblemText {
  int status = 500;
  std::string_view code;        ///< stable, snake_case
  std::string_view detail;      ///< for people, without secrets
  std::string_view request_id;  ///< of the request that is refused
  std::string_view path = {};   ///< of that request; said on 404 only
  const std::vector<FieldError>* fields = nullptr;
};

/// With Content-Type and Cache-Control; 404 has the members that clients of the predecessor read (`error`, `message`,
/// `path`). Texts that are no UTF-8 are repaired.
Response problemDocument(const ProblemText& text);

}  // namespace patchbay::http
