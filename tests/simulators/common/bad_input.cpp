#include "simulators/common/bad_input.hpp"

#include <charconv>

#include "base/text.hpp"

namespace patchbay::simulators {
namespace {

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

void allowOnly(const Json& object, std::string_view what, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) throw BadInput(std::string(what) + ": must be a JSON object, got " + dumpJson(object));
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& [key, value] : object.items()) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    const auto near = nearest(key, names);
    throw BadInput(std::string(what) + ": unknown member '" + key + "'" +
                   (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
}

std::string textOr(const Json& object, const char* name, const std::string& otherwise) {
  const Json* value = member(object, name);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) throw BadInput(std::string("'") + name + "' must be a string, got " + dumpJson(*value));
  return value->get<std::string>();
}

long long numberOr(const Json& object, const char* name, long long otherwise) {
  const Json* value = member(object, name);
  if (value == nullptr) return otherwise;
  if (!value->is_number_integer())
    throw BadInput(std::string("'") + name + "' must be a whole number, got " + dumpJson(*value));
  return value->get<long long>();
}

bool truthOr(const Json& object, const char* name, bool otherwise) {
  const Json* value = member(object, name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean())
    throw BadInput(std::string("'") + name + "' must be true or false, got " + dumpJson(*value));
  return value->get<bool>();
}

long long parseNumber(std::string_view what, std::string_view text, long long low, long long high) {
  long long value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < low || value > high)
    throw BadInput(std::string(what) + " must be " + std::to_string(low) + ".." + std::to_string(high) + ", got '" +
                   std::string(text) + "'");
  return value;
}

}  // namespace patchbay::simulators
