/// Reading JSON of which nothing may be assumed: what is missing or of another type reads as nothing. Never throws.
#pragma once

#include <patchbay/json.hpp>
#include <string>
#include <string_view>

namespace patchbay::sendgrid::lenient {

inline const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

/// A text, or a number as text: SendGrid writes some members either way.
inline std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  return {};
}

inline bool flag(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

/// A form field that should hold JSON; null when it does not.
inline Json parsed(std::string_view text) {
  try {
    return parseJsonLoosely(text, {.max_bytes = 1U << 20U, .max_depth = 8});
  } catch (const JsonError&) {
    return nullptr;
  }
}

}  // namespace patchbay::sendgrid::lenient
