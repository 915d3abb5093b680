/// Long SMS that some carriers hand on as base64 of their text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::twilio {

/// The text that a long SMS is the base64 of; nothing when the body is anything else. Twilio does not mark them, so all
/// of it must fit: as long as a long SMS, the standard alphabet and padding alone (line breaks apart), and UTF-8
/// without control characters inside. Chance does not make 70 bytes of that; who writes base64 by hand gets it decoded.
std::optional<std::string> textOfBase64(std::string_view body);

}  // namespace patchbay::twilio
