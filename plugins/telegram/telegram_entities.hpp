/// Parts of a text that Telegram marks: offsets and lengths count UTF-16 code units, our texts are UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

namespace patchbay::telegram {

/// A piece of UTF-8.
struct Span {
  std::size_t begin = 0;  ///< bytes
  std::size_t size = 0;
};

/// Where the units [offset, offset + length) stand. Nothing when they are not in the text or cut a surrogate pair.
std::optional<Span> spanOf(std::string_view text, std::int64_t offset, std::int64_t length);

/// The text as an agent should see it: a word that hides a link ("text_link") is followed by the link.
/// @param entities  as in a message; any JSON will do
std::string readableText(const std::string& text, const Json& entities);

/// What stands behind "/start " when the text begins with that command: the payload of a deep link. Empty when not.
std::string startPayload(const std::string& text, const Json& entities);

}  // namespace patchbay::telegram
