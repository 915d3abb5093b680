#include "delivery/operation_run.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "media/filename.hpp"

namespace patchbay::delivery {
namespace {

using connectors::Answer;
using connectors::Turn;

/// An operation that takes more steps than this goes in circles.
constexpr int kMaxSteps = 200;

std::string_view phaseName(int failure) {
  switch (failure) {
    case PB_ANSWERED:
      return "answered";
    case PB_NOT_SENT:
      return "not_sent";
    case PB_TOO_LARGE:
      return "too_large";
    default:
      return "no_answer";
  }
}

std::optional<std::chrono::seconds> retryAfter(const Answer& answer) {
  if (answer.status != 429 && answer.status != 503) return std::nullopt;
  for (const auto& header : answer.headers) {
    if (!equalsIgnoreCase(header.name, "Retry-After")) continue;
    unsigned seconds = 0;
    const auto end = header.value.data() + header.value.size();
    if (const auto read = std::from_chars(header.value.data(), end, seconds); read.ec == std::errc() && read.ptr == end)
      return std::chrono::seconds{std::min(seconds, 7U * 86400U)};
  }
  return std::nullopt;
}

class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(RunOptions options, HttpClient& client, Workers& workers, BeforeStep before_step, Ended ended)
      : options_(std::move(options)),
        client_(client),
        workers_(workers),
        before_step_(std::move(before_step)),
        ended_(std::move(ended)),
        egress_(egressOf(*options_.channel)) {
    ending_.step = options_.step;
    ending_.carry = options_.carry;
    unsafe_done_ = options_.unsafe_done;
  }

  void start() {
    workers_.post([self = shared_from_this()] { self->firstTurn(); });
  }

 private:
  struct Part {  // one request of the step
    std::optional<PreparedRequest> request;
    std::string server;
    bool unsafe = false;
    bool refused = false;  // it was not made
    Answer answer;
    std::unique_ptr<media::Writer> file;
  };

  connectors::TurnContext context() const {
    connectors::TurnContext context;
    context.now = now();
    context.attempt = options_.attempt;
    context.trace_id = options_.trace_id;
    context.first_blob = kFirstTurnBlob * static_cast<std::uint64_t>(ending_.step + 1);
    const std::string luck = crypto::randomBytes(context.random.size());
    std::copy(luck.begin(), luck.end(), context.random.begin());
    return context;
  }

  log::Ids ids() const {
    const auto& settings = options_.channel->settings();
    return {.trace_id = options_.trace_id,
            .tenant = settings.tenant,
            .channel = settings.name,
            .message_id = options_.message_id};
  }

  void firstTurn() {
    const log::Scope scope(ids());
    if (!options_.requests.empty()) {
      Turn turn;
      turn.requests = std::move(options_.requests);
      turn.carry = options_.carry;
      return afterTurn(std::move(turn));
    }
    if (polling_) return afterTurn(options_.channel->poll(options_.operation.value("cursor", ""), context()));
    afterTurn(options_.carry ? options_.channel->resume(options_.operation, *options_.carry, {}, context())
                             : options_.channel->perform(options_.operation, context()));
  }

  void afterTurn(Turn turn) {
    // What a connector cannot do is nothing odd: the host does it itself (files by address), or the ending says why
    // not.
    const log::Scope scope(ids());
    for (const auto& note : turn.diagnostics)
      if (note.severity >= PB_WARNING && turn.status != PB_UNSUPPORTED)
        log::warn("delivery", "connector: " + note.text, {{"code", note.code}, {"at", note.pointer}});
    ending_.status = turn.ok() ? PB_OK : turn.status;
    ending_.error = log::scrub(turn.error);
    if (ending_.status == PB_BUG) log::warn("delivery", "the connector broke a rule", {{"reason", ending_.error}});
    std::move(turn.throttles.begin(), turn.throttles.end(), std::back_inserter(ending_.throttles));
    std::move(turn.events.begin(), turn.events.end(), std::back_inserter(ending_.events));
    for (auto& [id, bytes] : turn.blobs) options_.blobs[id] = Blob::ofBytes(std::move(bytes));
    unsafe_done_ |= ending_.unsafe_answered;
    if (polling_) return afterPoll(std::move(turn));
    const bool onward = turn.ok() && !turn.result && !turn.requests.empty();
    if (onward && unsafe_done_ && !turn.carry) return stuck();
    if (onward && ending_.step < kMaxSteps) return plan(std::move(turn));
    if (turn.carry) ending_.carry = std::move(turn.carry);
    ending_.result = std::move(turn.result);
    if (turn.ok() && !ending_.result) {
      ending_.status = PB_BUG;
      ending_.error = ending_.step < kMaxSteps ? "the connector gave neither requests nor a result"
                                               : "the connector goes in circles";
    }
    ending_.blobs = std::move(options_.blobs);
    ended_(std::move(ending_));
  }

  /// A poll is never taken up in its middle: whatever happens, the next one begins with the stored cursor.
  void afterPoll(Turn turn) {
    const bool onward = turn.ok() && !turn.result && !turn.cursor && !turn.requests.empty();
    if (onward && ending_.events.size() <= connectors::kMaxTurnEvents && ending_.step < kMaxSteps)
      return plan(std::move(turn));
    if (onward) {
      ending_.status = PB_BUG;
      ending_.error = ending_.step < kMaxSteps ? "the poll has more events than a turn may, and no cursor yet"
                                               : "the connector goes in circles";
    }
    ending_.carry = std::move(turn.carry);
    ending_.result = std::move(turn.result);
    ending_.cursor = std::move(turn.cursor);
    ending_.next_poll = turn.next_poll;
    if (ending_.cursor) ending_.follow_ups = std::move(turn.requests);
    ending_.blobs = std::move(options_.blobs);
    ended_(std::move(ending_));
  }

  /// Could only be made again from the start of the operation, and that would repeat what has been done.
  void stuck() {
    ending_.status = PB_BUG;
    ending_.error = "the connector left no carry with a step that follows an answered unsafe request";
    ending_.unsafe_answered = true;
    ending_.blobs = std::move(options_.blobs);
    ended_(std::move(ending_));
  }

  void plan(Turn turn) {
    StepPlan plan;
    plan.before = std::exchange(ending_.last, std::nullopt);
    // The first turn of a run makes the step that was left off; every later one is a step further.
    if (turned_) ++ending_.step;
    turned_ = true;
    plan.step = ending_.step;
    plan.part_done = plan.before && ending_.unsafe_accepted;
    // A step without a carry of its own is made again from the start of the operation.
    ending_.carry = std::move(turn.carry);
    plan.carry = ending_.carry;
    const RequestContext request_context{egress_, &options_.channel->secrets(), &options_.channel->settings().config,
                                         &options_.blobs, now()};
    parts_.clear();
    for (const auto& json : turn.requests) {
      Part part;
      part.unsafe = json.value("repeat", "unsafe") != "safe";
      auto prepared = prepareRequest(json, request_context);
      if (prepared.ok()) {
        plan.unsafe |= part.unsafe;
        plan.completes |= part.unsafe && json.value("completes", false);
        part.server = prepared->url.scheme + "://" + prepared->url.authority();
        plan.servers.push_back(part.server);
        part.request = std::move(*prepared);
      } else {
        part.refused = true;
        part.answer.failure = PB_NOT_SENT;
        part.answer.error = log::scrub(prepared.error().message);
        log::warn("delivery", "a request was refused", {{"reason", part.answer.error}});
      }
      parts_.push_back(std::move(part));
    }
    if (!before_step_) return send();
    before_step_(plan, [self = shared_from_this()] { self->send(); });
  }

  void send() {
    waiting_ = parts_.size() + 1;  // one for ourselves: nothing completes before all have left
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (!parts_[i].request) {
        --waiting_;
        continue;
      }
      auto request = std::move(*parts_[i].request);
      client_.send(std::move(request), [self = shared_from_this(), i, left = std::chrono::steady_clock::now()](
                                           Answer answer, std::unique_ptr<media::Writer> file) {
        self->tell(self->parts_[i].server, answer, std::chrono::steady_clock::now() - left);
        self->parts_[i].answer = std::move(answer);
        self->parts_[i].file = std::move(file);
        self->oneDone();
      });
    }
    oneDone();
  }

  void tell(const std::string& server, const Answer& answer, std::chrono::nanoseconds took) const {
    if (!options_.observe) return;
    const bool whole = answer.failure == PB_ANSWERED || answer.failure == PB_TOO_LARGE;
    options_.observe(
        {server, whole && answer.status < 500, std::chrono::duration_cast<std::chrono::microseconds>(took)});
  }

  void oneDone() {
    if (--waiting_ == 0) workers_.post([self = shared_from_this()] { self->answered(); });
  }

  /// Files become durable here, on a worker: it takes milliseconds.
  void keepFile(Part& part, std::size_t index) {
    if (!part.file) return;
    try {
      const media::Stored stored = part.file->commit();
      Blob blob;
      blob.path = part.file->path();
      blob.size = static_cast<std::uint64_t>(stored.size);
      blob.sha256 = stored.sha256;
      for (const auto& header : part.answer.headers)
        if (equalsIgnoreCase(header.name, "Content-Type")) blob.mime_type = media::safeMimeType(header.value);
      part.answer.blob = kFirstAnswerBlob + static_cast<std::uint64_t>(ending_.step) * 100 + index;
      options_.blobs[part.answer.blob] = std::move(blob);
    } catch (const std::exception& error) {
      log::error("delivery", "a download cannot be stored", {{"reason", error.what()}});
      part.answer = {};
      part.answer.failure = PB_NO_ANSWER;
      part.answer.error = "the file cannot be stored";
    }
    part.file.reset();
  }

  void answered() {
    const log::Scope scope(ids());
    StepSummary summary{"answered", 0, {}};
    std::vector<Answer> answers;
    ending_.unsafe_answered = ending_.unsafe_accepted = ending_.unsafe_not_sent = ending_.refused = false;
    ending_.retry_after.reset();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      keepFile(parts_[i], i);
      const Answer& answer = parts_[i].answer;
      ending_.refused |= parts_[i].refused || answer.forbidden;
      if (answer.failure != PB_ANSWERED) {
        summary.phase = phaseName(answer.failure);
        summary.text = answer.error;
      }
      if (answer.status != 0) summary.http_status = answer.status;
      if (parts_[i].unsafe) {
        ending_.lost |= answer.failure == PB_NO_ANSWER || answer.failure == PB_TOO_LARGE;
        ending_.unsafe_answered |= answer.failure == PB_ANSWERED;
        ending_.unsafe_accepted |= answer.failure == PB_ANSWERED && answer.status / 100 == 2;
        ending_.unsafe_not_sent |= answer.failure == PB_NOT_SENT;
      }
      if (const auto wait = retryAfter(answer)) ending_.retry_after = wait;
      answers.push_back(std::move(parts_[i].answer));
    }
    ending_.last = summary;
    if (ending_.lost) {
      // Nobody can say what this means, so nobody is asked.
      ending_.error = summary.text;
      ending_.blobs = std::move(options_.blobs);
      return ended_(std::move(ending_));
    }
    afterTurn(options_.channel->resume(options_.operation, ending_.carry.value_or(""), answers, context()));
  }

  RunOptions options_;
  HttpClient& client_;
  Workers& workers_;
  const BeforeStep before_step_;
  const Ended ended_;
  const std::shared_ptr<const EgressRules> egress_;
  Ending ending_;
  const bool polling_ = options_.operation.value("kind", "") == "poll";
  bool turned_ = false;
  bool unsafe_done_ = false;  // an unsafe request of this operation has been answered, now or in an earlier run
  std::vector<Part> parts_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace

void runOperation(RunOptions options, HttpClient& client, Workers& workers, BeforeStep before_step, Ended ended) {
  std::make_shared<Run>(std::move(options), client, workers, std::move(before_step), std::move(ended))->start();
}

std::shared_ptr<const EgressRules> egressOf(const connectors::Channel& channel) {
  return std::make_shared<EgressRules>(channel.manifest().egress, channel.settings().config,
                                       channel.settings().egress_allow);
}

}  // namespace patchbay::delivery
