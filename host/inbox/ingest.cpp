#include "inbox/ingest.hpp"

#include <deque>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "delivery/outbox.hpp"
#include "delivery/poll_cursor.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/mail_threads.hpp"
#include "inbox/refused_event.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using connectors::EventKind;
using db::Params;
using Outcome = db::LaneJob::Outcome;

constexpr std::size_t kRefusalsNamed = 5;  // in the reason of one quarantined request

constexpr db::Statement kQuarantine{
    "quarantine.insert",
    "INSERT INTO {tenant}.pb_quarantine (channel_name, received_at, reason, method, suffix, query, headers, body) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

void writeQuarantine(db::TenantWrite& write, const Received& received) {
  static const RawRequest kNone{"EVENT", {}, {}, {}, {}};
  const RawRequest& request = received.request ? *received.request : kNone;
  Json headers = Json::array();
  for (const auto& header : request.headers) headers.push_back({cleanText(header.name), cleanText(header.value)});
  write.queue(kQuarantine, Params()
                               .text(received.channel_name)
                               .timestamp(write.now())
                               .text(cleanText(received.quarantine))
                               .text(cleanText(request.method))
                               .text(cleanText(request.suffix))
                               .text(cleanText(request.query))
                               .jsonb(cleanJson(headers))
                               .bytes(request.body));
}

/// Events of a batch by what they need to be written.
struct Sorted {
  std::vector<Arrival> messages, echoes, statuses, changes;

  void add(const Arrival& arrival) {
    const auto& event = *arrival.event;
    // An echo with a ref is, as a rule, of what we sent ourselves: news about that message, not a new one.
    auto& list = event.kind == EventKind::kStatus    ? statuses
                 : event.kind != EventKind::kMessage ? changes
                 : event.echo && !event.ref.empty()  ? echoes
                                                     : messages;
    list.push_back(arrival);
  }

  void write(db::TenantWrite& write) {
    for (const auto* list : {&statuses, &changes})
      for (const auto& arrival : *list) connectors::ChannelStats::add(arrival.channel->stats().others);
    // Messages go first: a status, reaction or edit in the same batch may be about one of them.
    if (!echoes.empty()) {
      const auto foreign = ingestEchoes(write, echoes);
      messages.insert(messages.end(), foreign.begin(), foreign.end());
    }
    if (!messages.empty()) ingestMessages(write, messages);
    if (!statuses.empty()) {
      std::deque<connectors::Event> copies;
      ingestStatuses(write, resolveReports(write, statuses, copies));
    }
    for (const auto& change : changes) ingestChange(write, change);
  }
};

class IngestJob final : public db::LaneJob {
 public:
  /// Gets back what was to be written.
  using Done = std::function<void(Outcome outcome, const std::string& error, Received received)>;

  IngestJob(Received received, Done done)
      : LaneJob(received.tenant), received_(std::move(received)), done_(std::move(done)) {}

  /// All webhooks of a tenant that wait together are written together, whatever channel they came by.
  const void* group() const override {
    static constexpr char kGroup = 0;
    return &kGroup;
  }

  void run(db::TenantWrite& write, std::span<LaneJob* const> jobs) override {
    Sorted sorted;
    for (LaneJob* waiting : jobs) {
      auto& job = static_cast<IngestJob&>(*waiting);  // the group holds no other kind
      job.fenced_ = job.received_.advance && !delivery::advancePoll(write, *job.received_.advance);
      if (job.fenced_) continue;  // another host polls the channel, and gets the same
      for (const auto& arrivals : job.received_.arrivals) {
        for (const auto& event : arrivals.events) {
          sorted.add({arrivals.channel.get(), &event});
          // What comes before it belongs to the old key, what comes after it to the new one.
          if (event.kind == EventKind::kThread) std::exchange(sorted, {}).write(write);
        }
      }
      if (!job.received_.quarantine.empty()) writeQuarantine(write, job.received_);
      for (const auto& payload : job.received_.follow_ups)
        delivery::schedule(write, {"request", job.received_.channel_name, payload, write.now()});
    }
    sorted.write(write);
  }

  void finish(Outcome outcome, const std::string& error) noexcept override {
    const bool lost = fenced_ && outcome == Outcome::kCommitted;
    done_(lost ? Outcome::kUnavailable : outcome, error, std::move(received_));
  }

 private:
  Received received_;
  bool fenced_ = false;
  Done done_;
};

/// The events of one refused request on their way in one by one. All of it happens on the tenant's lane thread.
struct Split {
  db::Lanes& lanes;
  Received rest;  ///< the request, without its events
  Ingest::Stored stored;
  std::size_t left = 0;
  std::size_t refused = 0;
  bool available = true;
  Json events = Json::array();  ///< the refused ones, where there is no request that has them
};

void noteRefusal(Split& split, const connectors::Event& event, const std::string& error) {
  std::string& why = split.rest.quarantine;
  if (!split.rest.request) split.events.push_back(documentOf(event));
  if (++split.refused > kRefusalsNamed) return;
  if (!why.empty()) why += "; ";
  why += "refused by the database: " + std::string(connectors::kindName(event.kind)) + " " +
         (event.id.empty() ? event.message_id : event.id) + ": " + error;
}

/// When all have ended: keeps the request if one of its events was refused, and answers.
void conclude(const std::shared_ptr<Split>& split) {
  if (!split->available) return split->stored(false);  // it comes again, and what was written is known then
  if (split->rest.quarantine.empty() && !split->rest.advance) return split->stored(true);
  if (split->refused > kRefusalsNamed)
    split->rest.quarantine += "; and " + std::to_string(split->refused - kRefusalsNamed) + " more";
  if (!split->events.empty())  // of a poll: the provider will not say it again
    split->rest.request = RawRequest{"EVENT", {}, {}, {}, dumpJson(split->events)};
  if (split->refused > 0)
    log::error("inbox", "events refused by the database, their request is kept in quarantine",
               {{"tenant", split->rest.tenant},
                {"channel", split->rest.channel_name},
                {"request_id", split->rest.request_id},
                {"events", split->refused}});
  auto keep = std::make_unique<IngestJob>(std::move(split->rest), [split](Outcome outcome, const auto&, auto) {
    split->stored(outcome == Outcome::kCommitted);
  });
  if (!split->lanes.submit(std::move(keep))) split->stored(false);
}

/// The database refused the request's events together. One by one, in order, those that are good get in.
void splitUp(db::Lanes& lanes, Received received, const std::string& error, Ingest::Stored stored) {
  std::vector<Arrivals> events;
  for (auto& arrivals : received.arrivals)
    for (auto& event : arrivals.events) {
      events.push_back({arrivals.channel, {}});
      events.back().events.push_back(std::move(event));
    }
  received.arrivals.clear();
  // The requests go alone, too: they are wanted whatever becomes of the events.
  if (!received.follow_ups.empty()) events.emplace_back();
  const auto split = std::make_shared<Split>(Split{lanes, std::move(received), std::move(stored)});
  if (events.size() == 1 && split->rest.follow_ups.empty()) {
    noteRefusal(*split, events[0].events[0], error);
    return conclude(split);
  }
  split->left = events.size();
  const auto ended = [split] {
    if (--split->left == 0) conclude(split);
  };
  for (auto& event : events) {
    Received one;
    one.tenant = split->rest.tenant;
    one.channel_name = split->rest.channel_name;
    event.events.empty() ? one.follow_ups.swap(split->rest.follow_ups) : one.arrivals.push_back(std::move(event));
    auto job = std::make_unique<IngestJob>(
        std::move(one), [split, ended](Outcome outcome, const std::string& why, const Received& tried) {
          if (outcome == Outcome::kUnavailable) split->available = false;
          if (outcome == Outcome::kFailed && tried.arrivals.empty()) split->available = false;
          if (outcome == Outcome::kFailed && !tried.arrivals.empty())
            noteRefusal(*split, tried.arrivals[0].events[0], why);
          ended();
        });
    if (lanes.submit(std::move(job))) continue;
    split->available = false;
    ended();
  }
}

}  // namespace

bool Ingest::submit(Received received, Stored stored) {
  return lanes_.submit(std::make_unique<IngestJob>(
      std::move(received),
      [&lanes = lanes_, stored = std::move(stored)](Outcome outcome, const std::string& error, Received refused) {
        if (outcome == Outcome::kFailed && !refused.arrivals.empty())
          return splitUp(lanes, std::move(refused), error, stored);
        stored(outcome == Outcome::kCommitted);
      }));
}

bool Ingest::submit(const std::shared_ptr<connectors::Channel>& channel, std::vector<connectors::Event> events,
                    Stored stored) {
  Received received;
  received.tenant = channel->settings().tenant;
  received.channel_name = channel->settings().name;
  received.arrivals.push_back({channel, std::move(events)});
  return submit(std::move(received), std::move(stored));
}

bool Ingest::quarantine(const std::shared_ptr<connectors::Channel>& channel, std::string why, RawRequest request,
                        Stored stored) {
  Received received;
  received.tenant = channel->settings().tenant;
  received.channel_name = channel->settings().name;
  received.quarantine = std::move(why);
  received.request = std::move(request);
  return submit(std::move(received), std::move(stored));
}

}  // namespace patchbay::inbox
