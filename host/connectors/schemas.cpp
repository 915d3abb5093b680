#include "connectors/schemas.hpp"

#include <map>
#include <stdexcept>
#include <string>

namespace patchbay::connectors {

// One generated file each (schemas.cpp.in).
extern const char* const k_event_schema;
extern const char* const k_manifest_schema;
extern const char* const k_operation_schema;
extern const char* const k_request_schema;
extern const char* const k_result_schema;

const Json& schemaDocument(std::string_view name) {
  static const std::map<std::string, Json, std::less<>> documents = {
      {"event", parseJson(k_event_schema)},         {"manifest", parseJson(k_manifest_schema)},
      {"operation", parseJson(k_operation_schema)}, {"request", parseJson(k_request_schema)},
      {"result", parseJson(k_result_schema)},
  };
  const auto found = documents.find(name);
  if (found == documents.end()) throw std::logic_error("no schema named " + std::string{name});
  return found->second;
}

}  // namespace patchbay::connectors
