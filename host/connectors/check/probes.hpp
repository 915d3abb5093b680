/// What every connector must withstand, without any transcript (design, section 4.6).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "connectors/channel.hpp"
#include "connectors/check/outcome.hpp"
#include "connectors/check/transcript.hpp"

namespace patchbay::connectors::check {

/// Without running any of its code: the manifest, its schemas, the exported symbols.
std::vector<Outcome> probeFile(const std::string& library);

/// Loads it and creates and destroys an instance 1,000 times, without growth of the heap, descriptors or threads.
std::vector<Outcome> probeLifeCycle(const std::string& library, const Json& config, const Progress& progress);

/// Garbage as webhooks, as operations and as answers of the provider: no crash, no PB_BUG, no operation without end.
/// And one outcome for each Rule, over all these turns.
/// @param transcripts  their webhook bodies are cut and damaged as well
std::vector<Outcome> probeGarbage(const std::string& library, const Json& config,
                                  const std::vector<Transcript>& transcripts, const Progress& progress);

/// Changes everything that the declared signature scheme covers, one thing at a time; each must be refused.
/// @param verify  instead of Channel::verify, to see that the probe finds a hole
using Verify = std::function<Verdict(Channel& channel, const Webhook& webhook, Timestamp now)>;
std::vector<Outcome> probeSignatures(const std::string& library, const Json& config, const Progress& progress,
                                     const Verify& verify = {});

}  // namespace patchbay::connectors::check
