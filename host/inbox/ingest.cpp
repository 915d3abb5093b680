#include "inbox/ingest.hpp"

#include "base/text.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using connectors::EventKind;
using db::Params;

constexpr db::Statement kQuarantine{
    "quarantine.insert",
    "INSERT INTO {tenant}.pb_quarantine (channel_name, received_at, reason, method, suffix, query, headers, body) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

void writeQuarantine(db::TenantWrite& write, const std::string& channel_name, const Quarantined& request) {
  Json headers = Json::array();
  for (const auto& header : request.headers) headers.push_back({cleanText(header.name), cleanText(header.value)});
  write.queue(kQuarantine, Params()
                               .text(channel_name)
                               .timestamp(write.now())
                               .text(cleanText(request.reason))
                               .text(cleanText(request.method))
                               .text(cleanText(request.suffix))
                               .text(cleanText(request.query))
                               .jsonb(cleanJson(headers))
                               .bytes(request.body));
}

class IngestJob final : public db::LaneJob {
 public:
  IngestJob(Received received, Ingest::Stored stored)
      : LaneJob(received.tenant), received_(std::move(received)), stored_(std::move(stored)) {}

  /// All webhooks of a tenant that wait together are written together, whatever channel they came by.
  const void* group() const override {
    static constexpr char kGroup = 0;
    return &kGroup;
  }

  void run(db::TenantWrite& write, std::span<LaneJob* const> jobs) override {
    // Messages go first: a status, reaction or edit in the same batch may be about one of them.
    std::vector<Arrival> messages, statuses, changes;
    for (const LaneJob* waiting : jobs) {
      const auto& job = static_cast<const IngestJob&>(*waiting);  // the group holds no other kind
      for (const auto& arrivals : job.received_.arrivals) {
        for (const auto& event : arrivals.events) {
          // An echo of what we sent ourselves is news about that message, not a new one.
          const bool news = event.kind == EventKind::kStatus || (event.echo && !event.ref.empty());
          auto& list = news ? statuses : event.kind == EventKind::kMessage ? messages : changes;
          list.push_back({arrivals.channel.get(), &event});
        }
      }
      if (job.received_.quarantined) writeQuarantine(write, job.received_.channel_name, *job.received_.quarantined);
    }
    if (!messages.empty()) ingestMessages(write, messages);
    if (!statuses.empty()) ingestStatuses(write, statuses);
    for (const auto& change : changes) ingestChange(write, change);
  }

  void finish(Outcome outcome, const std::string&) noexcept override { stored_(outcome == Outcome::kCommitted); }

 private:
  Received received_;
  Ingest::Stored stored_;
};

}  // namespace

bool Ingest::submit(Received received, Stored stored) {
  return lanes_.submit(std::make_unique<IngestJob>(std::move(received), std::move(stored)));
}

bool Ingest::submit(const std::shared_ptr<connectors::Channel>& channel, std::vector<connectors::Event> events,
                    Stored stored) {
  Received received;
  received.tenant = channel->settings().tenant;
  received.arrivals.push_back({channel, std::move(events)});
  return submit(std::move(received), std::move(stored));
}

bool Ingest::quarantine(const std::shared_ptr<connectors::Channel>& channel, Quarantined request, Stored stored) {
  Received received;
  received.tenant = channel->settings().tenant;
  received.channel_name = channel->settings().name;
  received.quarantined = std::move(request);
  return submit(std::move(received), std::move(stored));
}

}  // namespace patchbay::inbox
