/// Requests that a webhook led to: made after its events are durable. The turn that asked for them is over, so all that
/// is needed to make them stands in the job: `payload` of a delivery::DueJob of kind "request".
#pragma once

#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "connectors/channel.hpp"
#include "media/store.hpp"

namespace patchbay::inbox {

/// The turn's bytes as files of the store.
using StoredBlobs = std::map<std::uint64_t, media::Stored>;

struct FollowUp {
  std::vector<Json> requests;        ///< of the first step, with the markers that the channel has now
  std::optional<std::string> carry;  ///< of the step that is to be made
  std::string version;               ///< of the connector that made both
  StoredBlobs blobs;                 ///< that requests may name
  int step = 0;                      ///< that is to be made; after the first one only `carry` tells what it is
  bool started = false;              ///< its requests may have left
  bool unsafe = false;               ///< one of them must not be made twice
  bool unsafe_done = false;          ///< an unsafe request of an earlier step was answered
  Timestamp until{};                 ///< not tried after it
};

/// How long such requests are tried.
inline constexpr std::chrono::hours kFollowUpFor{24};

/// Of a turn of receive(). Takes the turn's requests and carry.
FollowUp followUpOf(const connectors::Channel& channel, connectors::Turn& turn, StoredBlobs blobs, Timestamp now);

std::string toPayload(const FollowUp& follow_up, const connectors::Channel& channel);
/// Markers of secrets change with each start: those in the payload become the ones of `channel`.
/// @throws JsonError, Json::exception  it was not written by toPayload()
FollowUp fromPayload(std::string_view payload, const connectors::Channel& channel);

}  // namespace patchbay::inbox
