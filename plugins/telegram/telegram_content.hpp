/// One message of Telegram's as an event: who, where, and what it holds.
#pragma once

#include <optional>
#include <patchbay/connector.hpp>
#include <string>

namespace patchbay::telegram {

/// A message that lacks what every message has. Thrown; becomes an `unparsed` event.
struct Odd {
  std::string why;
};

/// {"id": -1001234, "type": "supergroup", ...}: where something happened.
struct Place {
  std::int64_t chat = 0;
  std::string type;        ///< private, group, supergroup, channel
  std::string title;       ///< of a group
  std::string thread_key;  ///< empty in a private chat: the contact is the thread
};
/// @param message  its topic, if any, is part of the thread. @throws Odd
Place placeOf(const Json& message);

/// A user, or a chat in whose name somebody writes. @throws Odd  neither
Person personOf(const Json& user, const Json& sender_chat, const Place& place);

/// The message as an event; nothing for what is no message of a contact (a member joined, a pin).
/// @throws Odd
std::optional<Event> readMessage(const Json& message, Time now);

/// The text of a message or the caption of its media; nothing where it can have neither.
std::optional<std::string> editedText(const Json& message);

Time timeOf(const Json& object, const char* key, Time otherwise);

}  // namespace patchbay::telegram
