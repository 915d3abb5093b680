#include "host_checks.hpp"

#include <map>

#include "base/json_schema.hpp"
#include "base/time.hpp"
#include "connectors/event.hpp"
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

}  // namespace patchbay::fuzz
