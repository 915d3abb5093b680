/// Reading multipart/form-data (RFC 7578) as an upload endpoint does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::simulators {

struct FormPart {
  std::string name;
  std::string filename;      ///< empty when the part is a plain field
  std::string content_type;  ///< empty when the part does not say
  std::string content;
};

/// @return nothing when the type is not multipart/form-data or the body is not framed by its boundary to the end.
std::optional<std::vector<FormPart>> parseMultipart(std::string_view content_type, std::string_view body);

/// The first part of that name; null when there is none.
const FormPart* partNamed(const std::vector<FormPart>& parts, std::string_view name);

}  // namespace patchbay::simulators
