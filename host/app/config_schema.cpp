#include "app/config_schema.hpp"

#include "base/text.hpp"

namespace patchbay::app {
namespace {

constexpr std::string_view kDefinitions = "#/definitions/";

const Json& resolved(const Json& schema) {
  const auto ref = schema.find("$ref");
  if (ref == schema.end()) return schema;
  return configSchema().at("definitions").at(ref->get<std::string>().substr(kDefinitions.size()));
}

/// The schema of a member: its own, or that of any name.
const Json* memberOf(const Json& schema, std::string_view name) {
  if (const auto properties = schema.find("properties"); properties != schema.end())
    if (const auto found = properties->find(std::string(name)); found != properties->end()) return &*found;
  const auto free = schema.find("additionalProperties");
  return free != schema.end() && free->is_object() ? &*free : nullptr;
}

/// What a value of the file may also be: a variable, and for a secret a list, while it is being changed.
Json asWritten(Json property) {
  Json written = Json::object();
  for (const char* word : {"description", "title", "default", "examples", "x-secret", "x-env"})
    if (const auto found = property.find(word); found != property.end()) written[word] = *found;
  const Json variable = {{"$ref", std::string(kDefinitions) + "variable"}};
  written["anyOf"] = Json::array({property, variable});
  if (property.value("x-secret", false))
    written["anyOf"].push_back({{"type", "array"}, {"minItems", 1}, {"items", Json{{"anyOf", {property, variable}}}}});
  return written;
}

/// Points the references inside a connector's schema to where it stands now.
void rebase(Json& schema, const std::string& home) {
  if (schema.is_object())
    if (const auto ref = schema.find("$ref"); ref != schema.end() && ref->is_string())
      if (const auto& text = ref->get_ref<const std::string&>(); text.starts_with("#")) *ref = home + text.substr(1);
  if (schema.is_structured())
    for (auto& part : schema) rebase(part, home);
}

/// A connector's schema for the file instead of for what the host makes of it: variables and the environment count.
Json forEditors(Json schema, const std::string& home) {
  rebase(schema, home);
  if (!schema.is_object() || !schema.contains("properties")) return schema;
  Json required = Json::array();
  for (auto& [name, property] : schema["properties"].items()) {
    const auto& wanted = schema.value("required", Json::array());
    const bool needed = std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    if (needed && !property.contains("x-env")) required.push_back(name);
    if (!property.contains("$ref")) property = asWritten(property);
  }
  schema.erase("required");
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace

const Json& configSchema() {
  static const Json schema = Json::parse(configSchemaText());
  return schema;
}

std::optional<KeySchema> findKeySchema(std::string_view path) {
  const Json* at = &configSchema();
  bool reload = at->value("x-reload", false);
  if (!path.empty())
    for (const auto name : split(path, '.')) {
      at = memberOf(*at, name);
      if (at == nullptr) return std::nullopt;
      reload = at->value("x-reload", reload);
      at = &resolved(*at);
    }
  return KeySchema{*at, reload};
}

std::vector<std::string> keyNames(std::string_view path) {
  std::vector<std::string> names;
  const auto section = findKeySchema(path);
  if (!section) return names;
  if (const auto properties = section->schema.find("properties"); properties != section->schema.end())
    for (const auto& [name, schema] : properties->items()) names.push_back(name);
  if (const auto free = section->schema.find("additionalProperties");
      free != section->schema.end() && free->is_object())
    names.emplace_back("*");
  return names;
}

std::vector<std::string> keysForRestart(const Keys& running, const Keys& next) {
  std::vector<std::string> changed;
  const auto note = [&changed](const std::string& path) {
    if (const auto schema = findKeySchema(path); schema && !schema->reload) changed.push_back(path);
  };
  for (const auto& [path, key] : next) {
    const auto before = running.find(path);
    if (before == running.end() || before->second.value != key.value) note(path);
  }
  for (const auto& [path, key] : running)
    if (!next.contains(path)) note(path);
  return changed;
}

Json schemaWithConnectors(const std::vector<std::pair<std::string, Json>>& configs) {
  Json schema = configSchema();
  Json& channel = schema["definitions"]["channel"];
  Json ids = Json::array();
  for (const auto& [id, config] : configs) {
    const std::string name = "config_of_" + id;
    const std::string home = std::string(kDefinitions) + name;
    schema["definitions"][name] = forEditors(config, home);
    channel["allOf"].push_back({{"if", {{"required", {"connector"}}, {"properties", {{"connector", {{"const", id}}}}}}},
                                {"then", {{"properties", {{"config", {{"$ref", home}}}}}}}});
    ids.push_back(id);
  }
  if (!ids.empty()) {
    Json& connector = channel["properties"]["connector"];
    connector["anyOf"] = Json::array({Json{{"enum", ids}}, Json{{"$ref", std::string(kDefinitions) + "variable"}}});
  }
  return schema;
}

}  // namespace patchbay::app
