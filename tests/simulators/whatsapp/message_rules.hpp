/// What the Cloud API accepts as a message (fact sheet, sections 4.1 and 5.1), checked to the letter: unknown members,
/// lengths in UTF-16 units, exactly one of id and link, and so on. Stricter than Meta in one point: `to` without '+' is
/// refused, since Meta would put the sender's own country code before it and write to a stranger.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/json.hpp>

namespace patchbay::simulators::whatsapp {

struct RuleBroken {
  int code = 100;       ///< Meta's error code
  std::string details;  ///< the member and the rule
};

/// The MIME type of an uploaded file; nothing when there is no file with this id.
using MediaLookup = std::function<std::optional<std::string>(const std::string& media_id)>;

/// @param body  the JSON body of POST /{phone_number_id}/messages that is not a read receipt.
/// @return nothing when Meta would accept it.
std::optional<RuleBroken> checkMessage(const Json& body, const MediaLookup& media);

/// The read receipt with or without a typing indicator that goes to the same URL.
std::optional<RuleBroken> checkReadReceipt(const Json& body);

/// The kinds of media Meta takes, and how large (section 5.1).
/// @param kind       image, video, audio, document or sticker; empty: any.
/// @param mime_type  may carry parameters ("audio/ogg; codecs=opus").
/// @return 0 when the type is not accepted for that kind, else the largest number of bytes.
std::size_t mediaLimit(std::string_view kind, std::string_view mime_type);

}  // namespace patchbay::simulators::whatsapp
