/// What the host thinks of a connector's documents. Apart, since the SDK's C++ layer and the host's both have a `Result`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::fuzz {

/// Why the host refuses an event; empty when it takes it.
std::string whyNotEvent(std::string_view json);

/// Why a document does not fit a schema of the SDK ("operation", "request", "result"); empty when it does.
std::string whyNot(std::string_view schema, std::string_view json);

/// The fields of an urlencoded body; nothing when the host refuses it.
std::optional<std::vector<std::pair<std::string, std::string>>> fieldsOf(std::string_view body);

/// Where the transcripts are of the connector that is linked: from CMakeLists.txt.
extern const char* const kTranscripts;

/// The settings of a folder of transcripts (its config.yaml), as JSON. Throws std::runtime_error when there are none.
std::string settingsOf(const std::string& folder);

}  // namespace patchbay::fuzz
