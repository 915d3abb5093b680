// Reading JSON of which nothing is certain: what is missing or of another type reads as empty.
#pragma once

#include <optional>
#include <patchbay/json.hpp>
#include <patchbay/time.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::ses {

std::string textOf(const Json& object, const char* member);
/// The member when it is an object, else an empty one. The object must outlive what is returned.
const Json& objectOf(const Json& object, const char* member);
/// The member when it is a list, else an empty one.
const Json& listOf(const Json& object, const char* member);
/// The texts of a list.
std::vector<std::string> textsOf(const Json& object, const char* member);

/// "2026-01-02T03:04:05.678Z", with any offset, and as SES also writes it: "2026-01-02T03:04:05 +0000".
std::optional<Time> timeOf(std::string_view text);

/// Standard alphabet, line ends allowed. @return nothing when it is not base64
std::optional<std::string> fromBase64(std::string_view text);

/// "Ana <ana@example.org>" -> "ana@example.org"; "ana@example.org" as it is; empty when there is no address in it.
std::string addressIn(std::string_view text);

}  // namespace patchbay::ses
