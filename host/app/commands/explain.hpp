/// `patchbay check-config --explain KEY`: what a key means, what may stand there, and what it is now.
#pragma once

#include <iosfwd>
#include <string>

#include "app/config.hpp"
#include "connectors/connector_set.hpp"

namespace patchbay::app {

/// @param key     "http.port", "tenants.acme.channels.support.config.access_token", a section, or "" for the whole file
/// @param loaded  may have mistakes: then values are those that could be read
/// @return kExitOk, or kExitFailed when there is no such key; then `errors` gets the nearest
int explainKey(const std::string& key, const LoadedConfig& loaded, const connectors::ConnectorSet& connectors,
               std::ostream& out, std::ostream& errors);

}  // namespace patchbay::app
