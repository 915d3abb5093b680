/// What a message of Messenger or Instagram holds.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/json.hpp>

namespace patchbay::meta {

inline constexpr std::size_t kMaxId = 512;  ///< event.schema.json

/// Fills in type, text, media, selection, reply_to and referral from a `message` object; type "unsupported" with
/// raw_type and raw where there is nothing that could be shown.
void readContent(const Json& message, Event& event);

/// What brought the customer here: an advertisement, a link. Anything else changes nothing.
void readReferral(const Json& referral, Event& event);

}  // namespace patchbay::meta
