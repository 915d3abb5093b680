/// Transcripts: a connector's tests as data (the format is in design, section 4.6).
///
/// Beyond the format there: `expect.error: invalid_input` expects the turn to end with that status (its events are then
/// gone); `expect.throttle` a list of throttles; `respond.json` a body as a value; `body_file` and `blobs.*.file` are
/// read from the transcript's folder; blob ids of answers to requests with `into: blob` are 901, 902, ... Events and
/// requests that `expect` does not name must not happen; of the rest, what it does not name is not looked at.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/yaml/yaml_reader.hpp"
#include "connectors/check/outcome.hpp"

namespace patchbay::connectors::check {

struct Transcript {
  std::string name;
  std::string file;     ///< as the user named its folder
  Json document;        ///< the whole file
  yaml::Origin origin;  ///< where each of its values stands
};

/// Reads every transcript of a folder, by name, and its config.yaml.
///
/// @param errors  one entry for each file that cannot be read, with file:line:column
/// @return the transcripts that could be
std::vector<Transcript> readTranscripts(const std::string& folder, Json& config, std::vector<std::string>& errors);

/// Runs one of them against the library. Fails at the first step that goes wrong, with every difference of it.
Outcome runTranscript(const Transcript& transcript, const std::string& library, const Json& config,
                      const Progress& progress);

}  // namespace patchbay::connectors::check
