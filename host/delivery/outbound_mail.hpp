/// The composed message of an outbound mail, for connectors whose manifest asks for it.
#pragma once

#include <optional>

#include "delivery/outbound_media.hpp"

namespace patchbay::delivery {

/// Largest message, before its files are encoded, in bytes.
inline constexpr std::uint64_t kMaxMail = 40U << 20U;

/// Composes the message out of the operation and its files, and gives it to the operation as `mime`.
/// @return kUnavailable when a file cannot be read now; kInvalid when the mail is too large or would forge a header
std::optional<Error> composeMail(PreparedMedia& prepared, Timestamp date);

}  // namespace patchbay::delivery
