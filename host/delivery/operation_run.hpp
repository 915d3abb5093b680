/// One operation of a connector, from perform() to its result: turn, requests, turn, requests, ..., result. A poll too:
/// from poll() to the turn that has a cursor, a result, or no requests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "connectors/channel.hpp"
#include "delivery/http_client.hpp"
#include "delivery/workers.hpp"

namespace patchbay::delivery {

/// How the requests of one step went, for the attempt log.
struct StepSummary {
  std::string phase;    ///< answered, not_sent, no_answer, too_large: the worst of the step's requests
  int http_status = 0;  ///< of the last answer; 0 without one
  std::string text;     ///< why there is no whole answer; empty when there is
};

/// A step that is about to be made.
struct StepPlan {
  int step = 0;                       ///< from 0
  std::optional<std::string> carry;   ///< what the turn left; nothing: perform() makes this step again
  bool unsafe = false;                ///< one of its requests must not be made twice
  std::optional<StepSummary> before;  ///< of the step before, when there was one in this run
  bool completes = false;             ///< nothing follows when its unsafe request succeeds
  bool part_done = false;             ///< the step before had an unsafe request, and the provider took it (2xx)
  std::vector<std::string> servers;   ///< that its requests go to: "scheme://host:port"
};

/// What became of one request. `good`: there was a whole answer, and it was not 5xx.
struct Observed {
  std::string server;
  bool good = false;
  std::chrono::microseconds took{};
};

struct Ending {
  std::int32_t status = PB_OK;       ///< of the last turn
  std::string error;                 ///< when `status` is not PB_OK
  std::optional<Json> result;        ///< result.schema.json, when the turn was ok
  std::optional<std::string> carry;  ///< for making the last step again
  std::vector<connectors::Throttle> throttles;
  int step = 0;                     ///< the last step that was planned
  std::optional<StepSummary> last;  ///< of that step, when it was made
  bool lost = false;             ///< an unsafe request left and no whole answer came: whatever the result says, unknown
  bool unsafe_answered = false;  ///< an unsafe request of the last step got its answer
  bool unsafe_accepted = false;  ///< and it was 2xx: something may have been sent. A refusal sends nothing
  bool unsafe_not_sent = false;  ///< the last step had an unsafe request, and no byte of it left
  bool refused = false;          ///< a request of the last step broke a rule of ours; it would again
  std::optional<std::chrono::seconds> retry_after;  ///< header of a 429 or 503, when it is a number
  Blobs blobs;                                      ///< of answers, for result.media
  std::vector<connectors::Event> events;            ///< of all turns: what the answers told by the way
  // Of a poll:
  std::optional<std::string> cursor;
  std::optional<std::chrono::milliseconds> next_poll;
  std::vector<Json> follow_ups;  ///< requests beside the cursor: to be made when the events are durable
};

struct RunOptions {
  std::shared_ptr<connectors::Channel> channel;
  Json operation;
  Blobs blobs;  ///< files of operation.media
  unsigned attempt = 1;
  std::string trace_id;
  std::int64_t message_id = 0;                   ///< for the log; 0: it is about no message
  int step = 0;                                  ///< where to go on
  std::optional<std::string> carry;              ///< of the step that is made again; nothing: perform()
  std::vector<Json> requests;                    ///< of the first step, in the place of a turn that would ask for them
  bool unsafe_done = false;                      ///< an unsafe request of an earlier step has been answered already
  std::function<void(const Observed&)> observe;  ///< the HTTP client's thread, per request; must not block; may be null
};

/// Called before each step's first byte, on a worker. Must lead to `go()` (any thread, then or later) or to nothing:
/// then the run has ended without a word.
using BeforeStep = std::function<void(const StepPlan& plan, std::function<void()> go)>;
/// Called once, on a worker.
using Ended = std::function<void(Ending)>;

/// Starts on a worker; needs no owner. `client` and `workers` outlive it; after Workers::stop() it ends without a word.
/// @param before_step  null: steps are not durable, go at once (media, typing, test)
void runOperation(RunOptions options, HttpClient& client, Workers& workers, BeforeStep before_step, Ended ended);

/// What the channel's requests may do: manifest, configuration and egress_allow put together.
std::shared_ptr<const EgressRules> egressOf(const connectors::Channel& channel);

}  // namespace patchbay::delivery
