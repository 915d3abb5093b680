/// Reading JSON of which nothing may be assumed: what is missing, or of another type than expected, reads as nothing,
/// and 5 and "5" are the same, since providers write one where they document the other. Nothing here throws, so that
/// one odd item costs neither the batch that it came in nor the message that it answers.
///
///     for (const Json& item : itemsOf(body, "items")) words += textOf(item, "text");
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <system_error>
#include <vector>

namespace patchbay {

/// The member; null when there is none, or `object` is no object. Lives as long as `object`.
inline const Json& memberOf(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}
const Json& memberOf(Json&& object, const char* key) = delete;

/// A text, or a whole number as text; else empty.
inline std::string textOf(const Json& object, const char* key) {
  const Json& value = memberOf(object, key);
  if (value.is_number_integer()) return value.dump();
  return value.is_string() ? value.get<std::string>() : std::string();
}

namespace detail {

template <typename Number>
std::optional<Number> numberIn(const Json& value) {
  const auto& digits = value.get_ref<const std::string&>();
  Number number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(number) : std::nullopt;
}

}  // namespace detail

/// A whole number that fits, or a text that holds one.
inline std::optional<std::int64_t> wholeOf(const Json& object, const char* key) {
  const Json& value = memberOf(object, key);
  if (value.is_string()) return detail::numberIn<std::int64_t>(value);
  const bool large = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  return value.is_number_integer() && !large ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

/// A finite number, or a text that holds one.
inline std::optional<double> numberOf(const Json& object, const char* key) {
  const Json& value = memberOf(object, key);
  const auto number = value.is_string()   ? detail::numberIn<double>(value)
                      : value.is_number() ? std::optional(value.get<double>())
                                          : std::nullopt;
  return number && std::isfinite(*number) ? number : std::nullopt;
}

/// Whether it is true.
inline bool flagOf(const Json& object, const char* key) {
  const Json& value = memberOf(object, key);
  return value.is_boolean() && value.get<bool>();
}

/// The items of an array; none of anything else. Lives as long as `object`.
inline const Json::array_t& itemsOf(const Json& object, const char* key) {
  static const Json::array_t kNone;
  const Json& value = memberOf(object, key);
  return value.is_array() ? value.get_ref<const Json::array_t&>() : kNone;
}
const Json::array_t& itemsOf(Json&& object, const char* key) = delete;

/// The texts of an array.
inline std::vector<std::string> textsOf(const Json& object, const char* key) {
  std::vector<std::string> texts;
  for (const Json& item : itemsOf(object, key))
    if (item.is_string()) texts.push_back(item.get<std::string>());
  return texts;
}

}  // namespace patchbay
