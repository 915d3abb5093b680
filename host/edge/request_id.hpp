/// Names of requests, for logs and problem details.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace patchbay::edge {

/// Whether a client's X-Request-Id may be used as it is: 1 to 64 of [A-Za-z0-9._-].
bool isRequestId(std::string_view text);

/// `digits` (a multiple of 16) random hex digits, never all zero. Unique, not secret: the generator is seeded from the
/// operating system once per thread and is not a cryptographic one.
std::string randomHex(std::size_t digits);

/// `given` when it is well-formed, else 32 digits of randomHex().
std::string requestId(std::string_view given);

}  // namespace patchbay::edge
