/// Compressed answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/http.hpp"

namespace patchbay::api {

/// May the answer be gzip, and does the client not like it less than plain bytes (RFC 9110, 12.5.3)? Several headers
/// count as one; what cannot be read counts as not said.
bool acceptsGzip(const http::Headers& request);

/// `bytes` as a gzip file. @param level  1 (fast) to 9 (small). Nothing when zlib has no memory.
std::optional<std::string> gzip(std::string_view bytes, int level);

}  // namespace patchbay::api
