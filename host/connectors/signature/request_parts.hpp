/// Parts of a webhook that a proof is read from: each must be there once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/http.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace patchbay::connectors {

/// The one header called `name`; nothing when it is missing. Two of them are two claims, and which one somebody else
/// believes is not ours to guess.
std::optional<std::string_view> single(const http::Headers& headers, std::string_view name, bool& twice);

/// The same, with the reason when there is not exactly one: "no header X-Signature", "two headers X-Signature".
Result<std::string_view> onlyHeader(const http::Headers& headers, const std::string& name);

/// The decoded value of a query parameter; nothing when it is missing, there twice or badly encoded.
std::optional<std::string> parameter(std::string_view query, std::string_view name);

/// Why the header `name`, seconds since 1970, is not a time within `tolerance_s` seconds of `now`; empty when it is.
std::string whyNotTimely(const http::Headers& headers, const std::string& name, std::int64_t tolerance_s,
                         Timestamp now);

}  // namespace patchbay::connectors
