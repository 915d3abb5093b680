/// Reading JSON of which nothing may be assumed: what is missing or of another type reads as nothing. Never throws.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <patchbay/json.hpp>
#include <string>

namespace patchbay::meta::lenient {

inline const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

/// A text, or a number as text: ids are documented as strings and have been seen as numbers.
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

/// A number, or a string that holds one.
inline std::optional<double> number(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& digits = value.get_ref<const std::string&>();
  double parsed = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
  if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(parsed)) return std::nullopt;
  return parsed;
}

/// The items of an array; of anything else, none.
inline const Json::array_t& items(const Json& object, const char* key) {
  static const Json::array_t kNone;
  const Json& value = member(object, key);
  return value.is_array() ? value.get_ref<const Json::array_t&>() : kNone;
}

}  // namespace patchbay::meta::lenient
