/// What leaves for one operation: its messages, in order, as bodies of the Cloud API.
#pragma once

#include <optional>
#include <patchbay/connector.hpp>
#include <string>
#include <vector>

namespace patchbay::whatsapp {

inline constexpr std::size_t kMaxText = 4096;     ///< UTF-16 units; Meta says "characters" and means no more than these
inline constexpr std::size_t kMaxCaption = 1024;  ///< likewise, also the body of interactive messages

/// An operation that cannot be turned into requests; becomes a result of class request. Thrown.
struct Refused {
  std::string why;  ///< names the thing and the rule
};

/// One message at the provider. With a file, that is uploaded first and its id goes into `body[type]["id"]`.
struct Part {
  std::string type;
  Json body;  ///< what differs from message to message: {"type": ..., "<type>": {...}}
  std::optional<Media> file = {};
};

/// The messages of an operation of kind message or reaction. The same operation makes the same plan, so that a carry
/// may refer to its parts.
/// @throws Refused  it breaks a limit of WhatsApp's, which would refuse it with less clear words.
std::vector<Part> planOf(const Operation& operation);

/// Adds the recipient to a body: {"to": "+15550100"} or {"recipient": "FR.123"}.
/// @throws Refused  not an address that WhatsApp reaches.
void address(const Operation& operation, Json& body);

}  // namespace patchbay::whatsapp
