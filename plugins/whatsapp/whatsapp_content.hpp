/// What a message holds: its type's object, and what may stand beside it.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/json.hpp>
#include <string>

namespace patchbay::whatsapp {

inline constexpr std::size_t kMaxId = 512;  ///< bytes of an id; event.schema.json

/// Fills in type, text, media, ... from the object that the message's `type` names.
/// @return false when we do not map this type, or its object is missing or unusable; raw_type may then say more.
bool readContent(const Json& message, const std::string& type, Event& event);

/// message.referral: what brought the customer here.
void readReferral(const Json& referral, Event& event);

/// message.context: what it answers, where it was forwarded from. It may exist without an id.
void readContext(const Json& context, Event& event);

}  // namespace patchbay::whatsapp
