// Times, base64 and addresses as SES and SNS write them; nothing where they do not fit.
#pragma once

#include <optional>
#include <patchbay/time.hpp>
#include <string>
#include <string_view>

namespace patchbay::ses {

/// "2026-01-02T03:04:05.678Z", with any offset, and as SES also writes it: "2026-01-02T03:04:05 +0000".
std::optional<Time> timeOf(std::string_view text);

/// Standard alphabet, line ends allowed. @return nothing when it is not base64
std::optional<std::string> fromBase64(std::string_view text);

/// "Ana <ana@example.org>" -> "ana@example.org"; "ana@example.org" as it is; empty when there is no address in it.
std::string addressIn(std::string_view text);

}  // namespace patchbay::ses
