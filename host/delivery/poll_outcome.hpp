/// What a poll that has ended leads to: what is to be stored, and when the next one is due. Pure, but for files.
#pragma once

#include <chrono>
#include <string>

#include "delivery/operation_run.hpp"
#include "delivery/poll_leases.hpp"
#include "inbox/ingest.hpp"
#include "media/store.hpp"

namespace patchbay::delivery {

struct PollPolicy {
  std::chrono::milliseconds first_pause{1000};  ///< after the first failure; doubles each time
  std::chrono::milliseconds longest_pause{300000};
};

/// Why the poll failed; empty when it did not.
std::string whyPollFailed(const Ending& ending);

/// The connector could not digest what the provider answered: the same answers will not do better.
bool isRefusal(const Ending& ending);

/// How long to wait after a poll that went well: what the connector asked for, else the manifest's interval. Between
/// 20 ms and a day, whatever either says.
std::chrono::milliseconds pauseAfterPoll(const Ending& ending, const connectors::Channel& channel);

/// How long after one that failed: doubling, with jitter; not before what the provider said.
/// @param failures  in a row, this one included
/// @param luck      0 to 1
std::chrono::milliseconds pauseAfterFailure(const Ending& ending, const PollPolicy& policy, int failures, double luck);

/// Makes bytes of events files of the store, and gives each event to the channel it is about. Blocks: a worker.
/// @param find_owner  as in Poller::Parts
/// @return with `advance` and everything else but the time of the next poll; nothing in `arrivals` and `follow_ups`,
/// and
///         no cursor, when there is nothing to store
inbox::Received storageOf(const std::shared_ptr<connectors::Channel>& channel, const PollLease& lease, Ending ending,
                          const media::Store& store,
                          const std::function<std::shared_ptr<connectors::Channel>(
                              const std::shared_ptr<connectors::Channel>&, std::string_view)>& find_owner,
                          Timestamp now);

}  // namespace patchbay::delivery
