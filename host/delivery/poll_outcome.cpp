#include "delivery/poll_outcome.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "delivery/verdict.hpp"
#include "inbox/follow_up.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{20};  // a connector that says "at once" may have its provider answer at once for ever
constexpr milliseconds kLongest{86400000};

const Json* errorOf(const Ending& ending) {
  if (!ending.result || ending.result->value("status", "") != "failed") return nullptr;
  const auto error = ending.result->find("error");
  return error == ending.result->end() ? nullptr : &*error;
}

bool isFailedResult(const Ending& ending) {
  return ending.result && ending.result->value("status", "") == "failed";
}

/// The bytes of the events and of follow-ups, as files.
inbox::StoredBlobs keepBlobs(Ending& ending, const media::Store& store) {
  inbox::StoredBlobs stored;
  for (const auto& [id, blob] : ending.blobs) {
    if (!blob.bytes) {
      if (!blob.sha256.empty()) stored[id] = {blob.sha256, static_cast<std::int64_t>(blob.size)};
      continue;
    }
    if (const auto file = store.put(*blob.bytes)) stored[id] = *file;
  }
  for (auto& event : ending.events)
    for (auto& item : event.media) {
      if (item.blob == 0) continue;
      if (const auto found = stored.find(item.blob); found != stored.end()) {
        item.sha256 = found->second.sha256;
        item.size = found->second.size;
      } else {
        item.blob = 0;  // larger than the store takes: the job that fetches it will say so
      }
    }
  return stored;
}

}  // namespace

std::string whyPollFailed(const Ending& ending) {
  if (ending.lost) return "a request may have had its effect, and no whole answer came: " + ending.error;
  if (ending.status != PB_OK)
    return std::string(connectors::statusName(ending.status)) + (ending.error.empty() ? "" : ": " + ending.error);
  if (!isFailedResult(ending)) return {};
  const Json* error = errorOf(ending);
  if (error == nullptr) return "the connector says so";
  return error->value("class", "unknown") + ": " + log::scrub(error->value("text", "")) +
         (error->value("code", "").empty() ? "" : " (" + error->value("code", "") + ")");
}

bool isRefusal(const Ending& ending) {
  return !ending.lost && ending.last && (ending.status == PB_BUG || ending.status == PB_INVALID_INPUT);
}

milliseconds pauseAfterPoll(const Ending& ending, const connectors::Channel& channel) {
  const auto wanted = ending.next_poll ? *ending.next_poll : channel.manifest().poll_interval.value_or(kLongest);
  return std::clamp(wanted, kShortest, kLongest);
}

milliseconds pauseAfterFailure(const Ending& ending, const PollPolicy& policy, int failures, double luck) {
  milliseconds pause = backoff(policy.first_pause, policy.longest_pause, failures, luck);
  if (ending.retry_after) pause = std::max<milliseconds>(pause, *ending.retry_after);
  if (const Json* error = errorOf(ending); error != nullptr && error->contains("retry_after"))
    pause = std::max(
        pause, std::chrono::ceil<milliseconds>(std::chrono::duration<double>(error->at("retry_after").get<double>())));
  return std::clamp(pause, kShortest, kLongest);
}

inbox::Received storageOf(const std::shared_ptr<connectors::Channel>& channel, const PollLease& lease, Ending ending,
                          const media::Store& store,
                          const std::function<std::shared_ptr<connectors::Channel>(
                              const std::shared_ptr<connectors::Channel>&, std::string_view)>& find_owner,
                          Timestamp now) {
  auto blobs = keepBlobs(ending, store);
  inbox::Received received;
  received.tenant = lease.tenant;
  received.channel_name = lease.channel_name;
  std::string stranger;
  for (auto& event : ending.events) {
    auto owner = find_owner ? find_owner(channel, event.account) : channel;
    if (!owner) {  // there is no request to be kept in quarantine: the channel that polled keeps the event
      stranger = event.account;
      owner = channel;
    }
    if (received.arrivals.empty() || received.arrivals.back().channel != owner)
      received.arrivals.push_back({owner, {}});
    received.arrivals.back().events.push_back(std::move(event));
  }
  if (!stranger.empty())
    log::warn("poll", "news about an account of no channel went to the one that polled", {{"account", stranger}});
  if (!ending.follow_ups.empty()) {
    connectors::Turn turn;
    turn.requests = std::move(ending.follow_ups);
    turn.carry = std::move(ending.carry);
    const auto follow_up = inbox::followUpOf(*channel, turn, std::move(blobs), now);
    received.follow_ups.push_back(inbox::toPayload(follow_up, *channel));
  }
  if (ending.cursor && *ending.cursor == lease.cursor) ending.cursor.reset();
  received.advance = PollAdvance{lease.tenant, lease.channel_name, lease.token, std::move(ending.cursor), {}};
  return received;
}

}  // namespace patchbay::delivery
