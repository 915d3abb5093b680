#include "host_checks.hpp"

#include <map>
#include <stdexcept>

#include "base/json_schema.hpp"
#include "base/time.hpp"
#include "connectors/check/transcript.hpp"
#include "connectors/event.hpp"
#include "connectors/form.hpp"
#include "connectors/schemas.hpp"

namespace patchbay::fuzz {

std::string whyNotEvent(std::string_view json) {
  const auto event = connectors::decodeEvent(json, *parseRfc3339("2026-01-05T10:00:00Z"));
  return event.ok() ? "" : event.error().message;
}

std::string whyNot(std::string_view schema, std::string_view json) {
  static std::map<std::string, JsonSchema, std::less<>> schemas;
  auto found = schemas.find(schema);
  if (found == schemas.end()) found = schemas.emplace(schema, JsonSchema(connectors::schemaDocument(schema))).first;
  const auto errors = found->second.validate(parseJson(json));
  return errors.empty() ? "" : errors.front().pointer + ": " + errors.front().message;
}

std::optional<std::vector<std::pair<std::string, std::string>>> fieldsOf(std::string_view body) {
  const auto decoded = connectors::decodeUrlencoded(body);
  if (!decoded) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& field : *decoded) fields.emplace_back(field.name, field.value);
  return fields;
}

std::string settingsOf(const std::string& folder) {
  Json config;
  std::vector<std::string> errors;
  (void)connectors::check::readTranscripts(folder, config, errors);
  if (!config.is_object()) throw std::runtime_error(folder + " has no config.yaml");
  return dumpJson(config);
}

}  // namespace patchbay::fuzz
