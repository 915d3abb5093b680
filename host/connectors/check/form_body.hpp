/// The body of a webhook that a transcript writes as a form.
#pragma once

#include <functional>
#include <optional>
#include <patchbay/json.hpp>
#include <string>

namespace patchbay::connectors::check {

struct FormBody {
  std::string content_type;
  std::string body;
};

/// @param receive  the `receive` of a step; `form` ({name: value, or a list of values}) and `multipart` (a list of
///                 {name, value | file | base64, filename, content_type}) are read
/// @param content  of a file of the transcript's folder
/// @return nothing when it has neither
/// @throws std::runtime_error  a value is not text, or not base64
std::optional<FormBody> formBody(const Json& receive, const std::function<std::string(const std::string&)>& content);

}  // namespace patchbay::connectors::check
