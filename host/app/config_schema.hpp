/// config/patchbay.schema.json, compiled in: what editors complete from, `check-config --explain` tells, and a reload
/// asks whether it may apply a key. A test holds it and the reader of the file together.
#pragma once

#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace patchbay::app {

/// The file as it stands.
std::string_view configSchemaText();
/// Parsed once. Thread-safe.
const Json& configSchema();

/// What the schema says of one key.
struct KeySchema {
  Json schema;          ///< with `$ref`s resolved at its top
  bool reload = false;  ///< SIGHUP applies a change of it
};

/// @param path  "http.port", "tenants.acme.channels.support.enabled"; any name, also "*", where names are free
/// @return nothing when there is no such key
std::optional<KeySchema> findKeySchema(std::string_view path);

/// The names that may stand in the section at `path` ("" is the file); "*" when they are free.
std::vector<std::string> keyNames(std::string_view path);

/// The keys that have other values in `next` and need a restart, in order.
std::vector<std::string> keysForRestart(const Keys& running, const Keys& next);

/// The whole schema, in which a channel's `config` depends on its `connector`: for editors.
/// @param configs  by the connector's id: the JSON Schema of its configuration, as in its manifest
Json schemaWithConnectors(const std::vector<std::pair<std::string, Json>>& configs);

}  // namespace patchbay::app
