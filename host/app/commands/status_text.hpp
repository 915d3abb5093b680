/// `patchbay status` for people: the document of GET /status as text. Pure.
#pragma once

#include <chrono>
#include <patchbay/json.hpp>
#include <string>

#include "base/time.hpp"

namespace patchbay::app {

/// "12 s", "3 min", "5 h", "2 days": the largest unit that fits.
std::string humanDuration(std::chrono::seconds duration);
/// "3 min ago"; "in 2 min" for what is to come; "never" for null or what is no time.
std::string humanTime(const Json& time, Timestamp now);
/// "1.5 GB"; powers of 1000.
std::string humanSize(std::int64_t bytes);

/// @param status  components.schemas.Status. Ends with a newline. Control characters of texts are replaced.
/// @throws Json::exception  it is not such a document
std::string statusText(const Json& status, Timestamp now);

/// Ready, and every channel that the configuration names could be started.
bool isHealthy(const Json& status);

}  // namespace patchbay::app
