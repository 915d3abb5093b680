#include "simulators/whatsapp/rule_reader.hpp"

#include <algorithm>

#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::whatsapp::rules {

void broken(int code, std::string details) {
  throw RuleBroken{code, std::move(details)};
}

void onlyMembers(const Json& object, const std::string& path, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) broken(kInvalid, path + " must be a JSON object");
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      broken(kInvalid, "Unexpected key \"" + key + "\" on param \"" + path + "\"");
}

namespace {

const Json& required(const Json& parent, const std::string& path, const char* name) {
  if (!parent.is_object()) broken(kInvalid, path + " must be a JSON object");
  const auto found = parent.find(name);
  if (found == parent.end()) broken(kMissing, "The parameter " + path + "['" + name + "'] is required");
  return *found;
}

}  // namespace

const Json& object(const Json& parent, const std::string& path, const char* name) {
  const Json& value = required(parent, path, name);
  if (!value.is_object()) broken(kInvalid, path + "['" + name + "'] must be a JSON object");
  return value;
}

const Json& array(const Json& parent, const std::string& path, const char* name, std::size_t low, std::size_t high) {
  const Json& value = required(parent, path, name);
  if (!value.is_array()) broken(kInvalid, path + "['" + name + "'] must be a JSON array");
  if (value.size() < low || value.size() > high)
    broken(kBadValue, path + "['" + name + "'] must have " + std::to_string(low) + ".." + std::to_string(high) +
                          " elements, got " + std::to_string(value.size()));
  return value;
}

std::string text(const Json& parent, const std::string& path, const char* name, std::size_t low, std::size_t high) {
  const Json& value = required(parent, path, name);
  if (!value.is_string()) broken(kInvalid, path + "['" + name + "'] must be a string");
  const auto& string = value.get_ref<const std::string&>();
  const auto length = meta::utf16Length(string);
  if (length < low || length > high)
    broken(kInvalid, "Param " + path + "['" + name + "'] must be " + std::to_string(low) + ".." + std::to_string(high) +
                         " characters long, got " + std::to_string(length));
  return string;
}

void optionalText(const Json& parent, const std::string& path, const char* name, std::size_t low, std::size_t high) {
  if (parent.contains(name)) text(parent, path, name, low, high);
}

void optionalTruth(const Json& parent, const std::string& path, const char* name) {
  if (parent.contains(name) && !parent[name].is_boolean())
    broken(kInvalid, path + "['" + name + "'] must be true or false");
}

void webLink(const Json& parent, const std::string& path, const char* name) {
  const std::string link = text(parent, path, name, 8, 2000);
  if (!link.starts_with("https://") && !link.starts_with("http://"))
    broken(kInvalid, "Param " + path + "['" + name + "'] is not a valid URI");
}

std::string mediaReference(const Json& parent, const std::string& path, std::string_view kind,
                           const MediaLookup& media) {
  const bool by_id = parent.contains("id");
  if (by_id == parent.contains("link")) broken(kInvalid, path + " must have exactly one of 'id' and 'link'");
  if (!by_id) {
    webLink(parent, path, "link");
    return {};
  }
  const auto mime_type = media(text(parent, path, "id", 1, 256));
  if (!mime_type)
    broken(kInvalid, "Param " + path + "['id'] is not a valid whatsapp business account media attachment ID");
  if (mediaLimit(kind, *mime_type) == 0)
    broken(131053, path + ": a file of type " + *mime_type + " cannot be sent as " + std::string(kind));
  return *mime_type;
}

}  // namespace patchbay::simulators::whatsapp::rules
