/// JSON for what may be missing.
#pragma once

#include <optional>
#include <patchbay/json.hpp>
#include <string>

#include "base/time.hpp"

namespace patchbay {

/// The text, or null for an empty one.
inline Json orNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

/// The time in RFC 3339, or null.
inline Json orNull(const std::optional<Timestamp>& time) {
  return time ? Json(formatRfc3339(*time)) : Json();
}

}  // namespace patchbay
