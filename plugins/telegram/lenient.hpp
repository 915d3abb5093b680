/// Reading updates of which nothing may be assumed: what is missing or of another type reads as nothing. Never throws.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <patchbay/json.hpp>
#include <span>
#include <string>

namespace patchbay::telegram {

inline const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

inline std::string textOf(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

/// A whole number that fits; ids have up to 52 bits and a sign.
inline std::optional<std::int64_t> numberOf(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return std::nullopt;
  return value.is_number_integer() ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

inline std::optional<double> realOf(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

inline bool flagOf(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

/// No more than so many: what is compared with each other must not be a list without end.
inline std::span<const Json> firstOf(const Json::array_t& items, std::size_t most) {
  return std::span(items).first(std::min(items.size(), most));
}

/// The items of an array; of anything else, none.
inline const Json::array_t& itemsOf(const Json& object, const char* key) {
  static const Json::array_t kNone;
  const Json& value = member(object, key);
  return value.is_array() ? value.get_ref<const Json::array_t&>() : kNone;
}

}  // namespace patchbay::telegram
