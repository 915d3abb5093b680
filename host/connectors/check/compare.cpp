#include "connectors/check/compare.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

namespace patchbay::connectors::check {
namespace {

bool equalScalars(const Json& expected, const Json& actual) {
  if (expected.is_number() && actual.is_number()) return expected == actual;
  if (expected.is_string() && actual.is_string()) {
    const auto& a = expected.get_ref<const std::string&>();
    const auto& b = actual.get_ref<const std::string&>();
    if (a == b) return true;
    const auto first = parseRfc3339(a);
    return first && first == parseRfc3339(b);
  }
  return expected == actual;
}

std::string typed(const Json& value) {
  return brief(value) +
         (value.is_structured() ? "" : std::string{" ("} + (value.is_null() ? "null" : value.type_name()) + ")");
}

}  // namespace

std::string brief(const Json& value) {
  auto text = dumpJson(value);
  constexpr std::size_t kMost = 300;
  if (text.size() > kMost)
    text = std::string{firstCodePoints(text, kMost)} + "... (" + std::to_string(text.size()) + " bytes)";
  return text;
}

/// The member that was probably meant by one that is not there; empty when none is near.
std::string meant(const std::string& key, const Json& expected, const Json& actual) {
  std::vector<std::string> free;
  for (const auto& [name, value] : actual.items())
    if (!expected.contains(name)) free.push_back(name);
  const auto near = nearest(key, free);
  return near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
}

void compare(const Json& expected, const Json& actual, const std::string& path, Match match,
             std::vector<std::string>& differences) {
  if (expected.is_object() && actual.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      const auto place = path + "/" + key;
      const auto found = actual.find(key);
      if (found != actual.end())
        compare(value, *found, place, match, differences);
      else if (!value.is_null() || match == Match::kExact)
        differences.push_back(place + ": expected " + brief(value) + ", and it is not there" +
                              meant(key, expected, actual));
    }
    if (match == Match::kExact)
      for (const auto& [key, value] : actual.items())
        if (!expected.contains(key)) differences.push_back(path + "/" + key + ": not expected, got " + brief(value));
    return;
  }
  if (expected.is_array() && actual.is_array()) {
    if (expected.size() != actual.size())
      differences.push_back(path + ": expected " + std::to_string(expected.size()) + " items, got " +
                            std::to_string(actual.size()) + ": " + brief(actual));
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i)
      compare(expected[i], actual[i], path + "/" + std::to_string(i), match, differences);
    return;
  }
  if (equalScalars(expected, actual)) return;
  const bool types = expected.type_name() != std::string_view{actual.type_name()};
  differences.push_back(path + ": expected " + (types ? typed(expected) : brief(expected)) + ", got " +
                        (types ? typed(actual) : brief(actual)));
}

}  // namespace patchbay::connectors::check
