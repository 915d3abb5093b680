/// YAML `api.errors: legacy`: errors in the predecessor's form, for clients that read nothing else.
#pragma once

#include "base/http.hpp"

namespace patchbay::api {

/// Turns a problem document into `{"detail": ...}` as application/json; any other answer stays as it is. `detail` is
/// the text, or, where members of the request are at fault (422), FastAPI's list: `loc` (["body", "tags", 0], ["query",
/// "limit"]), `msg`, and `type`: `missing` for what is not there, else `value_error`. 404 keeps `error`, `message` and
/// `path`. Status and headers stay.
void toLegacyError(http::Response& response);

}  // namespace patchbay::api
