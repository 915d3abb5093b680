#include "connectors/signature/request_parts.hpp"

#include <charconv>

#include "base/text.hpp"

namespace patchbay::connectors {

std::optional<std::string_view> single(const http::Headers& headers, std::string_view name, bool& twice) {
  std::optional<std::string_view> found;
  for (const auto& header : headers) {
    if (!equalsIgnoreCase(header.name, name)) continue;
    if (found) twice = true;
    found = header.value;
  }
  return twice ? std::nullopt : found;
}

Result<std::string_view> onlyHeader(const http::Headers& headers, const std::string& name) {
  bool twice = false;
  const auto value = single(headers, name, twice);
  if (!value) return Error{ErrorKind::kInvalid, "no_proof", (twice ? "two headers " : "no header ") + name};
  return *value;
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  for (const auto pair : split(query, '&')) {
    const auto equals = pair.find('=');
    std::string decoded;
    if (!percentDecode(pair.substr(0, equals), true, decoded) || decoded != name) continue;
    if (found) return std::nullopt;
    std::string value;
    if (equals != std::string_view::npos && !percentDecode(pair.substr(equals + 1), true, value)) return std::nullopt;
    found = std::move(value);
  }
  return found;
}

std::string whyNotTimely(const http::Headers& headers, const std::string& name, std::int64_t tolerance_s,
                         Timestamp now) {
  const auto text = onlyHeader(headers, name);
  if (!text) return text.error().message;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || end != text->data() + text->size() || seconds < 0)
    return "header " + name + " is not a time in seconds";
  const auto ours = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  // Compared as distances from ours: a claim near the end of the range must not overflow.
  if (seconds < ours - tolerance_s || seconds > ours + tolerance_s)
    return "header " + name + " is more than " + std::to_string(tolerance_s) + " s from our clock";
  return {};
}

}  // namespace patchbay::connectors
