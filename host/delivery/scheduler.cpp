#include "delivery/scheduler.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "delivery/fair_share.hpp"
#include "delivery/follow_up.hpp"
#include "delivery/media_fetch.hpp"
#include "delivery/send.hpp"
#include "delivery/send_store.hpp"
#include "delivery/status_ask.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kStrandedEvery{60};
constexpr int kExpiredAtOnce = 500;

const std::vector<std::string> kSends{""};
const std::vector<std::string> kJobs{"media", "request", "status"};

/// Parts of all places, so that others always find some.
std::size_t channelLimit(std::size_t places) {
  return std::max<std::size_t>(1, places / 2);
}
std::size_t tenantLimit(std::size_t places) {
  return std::max<std::size_t>(1, places - places / 4);
}

}  // namespace

Scheduler::Scheduler(std::shared_ptr<Core> core) : core_(std::move(core)), thread_([this] { loop(); }) {}

Scheduler::~Scheduler() {
  thread_.join();
}

void Scheduler::loop() {
  for (;;) {
    runTimers();
    round();
    std::unique_lock lock(core_->mutex);
    auto until = std::max(Clock::now() + core_->options.sweep, next_connect_);
    const bool away = Clock::now() < next_connect_;
    if (!core_->timers.empty()) until = std::min(until, core_->timers.begin()->first);
    core_->changed.wait_until(lock, until, [&] {
      const bool timer = !core_->timers.empty() && core_->timers.begin()->first < until;
      return core_->stopping || (core_->woken && !away) || timer;
    });
    if (core_->stopping) break;
    core_->woken = false;
  }
  waitForTheRest();
}

void Scheduler::runTimers() {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard lock(core_->mutex);
    const auto end = core_->timers.upper_bound(Clock::now());
    for (auto it = core_->timers.begin(); it != end; ++it) due.push_back(std::move(it->second));
    core_->timers.erase(core_->timers.begin(), end);
  }
  for (auto& task : due) core_->workers.post(std::move(task));
}

/// What is under way may end, its timers included; leases go on being renewed.
void Scheduler::waitForTheRest() {
  const auto until = Clock::now() + core_->options.stop_patience;
  for (;;) {
    runTimers();
    try {
      renew();
    } catch (const std::exception&) {  // logged; whoever comes next takes over when the leases have run out
    }
    std::unique_lock lock(core_->mutex);
    if (core_->tokens.empty() || Clock::now() >= until) return;
    auto next = std::min(until, Clock::now() + core_->options.sweep);
    if (!core_->timers.empty()) next = std::min(next, core_->timers.begin()->first);
    core_->changed.wait_until(lock, next);
  }
}

void Scheduler::round() {
  if (Clock::now() < next_connect_) return;
  try {
    if (!connection_ || connection_->broken()) {
      connection_ = std::make_unique<db::Connection>(core_->options.connection);
      if (away_) log::info("delivery", "the database is back", {});
      away_ = false;
    }
    renew();
    expire();
    lease();
    return;
  } catch (const db::Unavailable& error) {
    if (!away_) log::warn("delivery", "the database is away; sending waits", {{"reason", error.what()}});
    away_ = true;
  } catch (const std::exception& error) {
    log::error("delivery", "a round of sending failed", {{"reason", error.what()}});
  }
  connection_.reset();
  next_connect_ = Clock::now() + core_->options.database_pause;
}

void Scheduler::renew() {
  if (!connection_ || Clock::now() < next_renewal_) return;
  next_renewal_ = Clock::now() + core_->options.lease / 4;
  std::vector<std::string> tokens;
  {
    const std::lock_guard lock(core_->mutex);
    for (const auto& [token, holder] : core_->tokens) tokens.push_back(token);
  }
  try {
    renewLeases(*connection_, tokens, now() + core_->options.lease);
  } catch (const std::exception& error) {
    log::warn("delivery", "leases cannot be renewed", {{"reason", error.what()}});
    connection_.reset();
    throw;
  }
}

/// A tenant whose rows cannot be read does not hold up the others: its leases run out, and it comes again.
void Scheduler::startSends(const std::string& tenant, std::vector<RecipientLease> leases, const ChannelsByName& by_name,
                           Timestamp at) {
  std::vector<std::optional<OutboxRow>> rows;
  try {
    rows = firstRows(*connection_, tenant, leases, at);
  } catch (const db::SqlError& error) {
    log::error("delivery", "a tenant's messages cannot be read", {{"tenant", tenant}, {"reason", error.what()}});
    return;
  }
  for (std::size_t i = 0; i < leases.size(); ++i) {
    auto channel = by_name.at({leases[i].tenant, leases[i].channel_name});
    startSend(core_, std::move(leases[i]), std::move(channel), std::move(rows[i]));
  }
}

Scheduler::ChannelsByName Scheduler::channelsNow() {
  ChannelsByName by_name;
  for (auto& channel : core_->parts.channels()) {
    auto& known = known_[channelKey(*channel)];
    const std::weak_ptr<connectors::Channel> seen = channel;
    if (known.owner_before(seen) || seen.owner_before(known)) {
      // Configured anew: what its old credentials or servers had earned is not held against it.
      core_->pauses.forget(*channel);
      core_->breakers.forget(channelKey(*channel));
      known = seen;
    }
    const auto& settings = channel->settings();
    by_name.emplace(std::pair{settings.tenant, settings.name}, std::move(channel));
  }
  return by_name;
}

std::vector<Slice> Scheduler::sharesOf(const std::vector<std::shared_ptr<connectors::Channel>>& channels,
                                       const std::vector<std::string>& kinds, std::size_t places, Timestamp at) {
  const bool sends = kinds == kSends;
  std::vector<Slice> slices;
  std::vector<Demand> demands;
  std::size_t used = 0;
  {
    const std::lock_guard lock(core_->mutex);
    for (const auto& [holder, count] : core_->in_flight)
      if (holder.send == sends) used += count;
    for (const auto& channel : channels) {
      const auto& settings = channel->settings();
      const auto found = core_->in_flight.find({settings.tenant, settings.name, sends});
      const std::size_t own = found == core_->in_flight.end() ? 0 : found->second;
      const std::size_t limit = channelLimit(places);
      std::size_t most = limit - std::min(own, limit);
      if (sends && core_->breakers.gate(channelKey(*channel), Clock::now()) == Breakers::Gate::kProbe)
        most = std::min<std::size_t>(most, own == 0 ? 1 : 0);
      // Counted also where nothing is free, by one: then a place that gets free wakes us.
      for (const auto& kind : kinds) {
        slices.push_back({{settings.tenant, settings.name}, kind, std::max<std::size_t>(most, 1)});
        demands.push_back({settings.tenant, own, most});
      }
    }
  }
  const auto due = countDue(*connection_, slices, at);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    turned_away_ |= due[i] > demands[i].wanted || due[i] == slices[i].most;
    demands[i].wanted = std::min(due[i], demands[i].wanted);
  }
  const auto given = fairShare(demands, places - std::min(used, places), tenantLimit(places), rounds_);
  std::vector<Slice> shares;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    turned_away_ |= given[i] < demands[i].wanted;
    slices[i].most = given[i];
    if (given[i] > 0) shares.push_back(std::move(slices[i]));
  }
  return shares;
}

void Scheduler::lease() {
  const Timestamp at = now();
  const ChannelsByName by_name = channelsNow();
  tellStranded(by_name);
  std::vector<std::shared_ptr<connectors::Channel>> free, open;
  for (const auto& [name, channel] : by_name) {
    if (core_->pauses.until(*channel, at)) continue;
    free.push_back(channel);
    if (core_->breakers.gate(channelKey(*channel), Clock::now()) != Breakers::Gate::kShut) open.push_back(channel);
  }
  ++rounds_;
  turned_away_ = false;
  turnsAway(true);  // until it is known: what gets free while we count must not go unnoticed
  const Timestamp until = at + core_->options.lease;
  std::map<std::string, std::vector<RecipientLease>> by_tenant;
  for (auto& one : leaseRecipients(*connection_, sharesOf(open, kSends, core_->options.max_sends, at), at, until))
    by_tenant[one.tenant].push_back(std::move(one));
  for (auto& [tenant, mine] : by_tenant) startSends(tenant, std::move(mine), by_name, at);
  for (auto& one : leaseDue(*connection_, sharesOf(free, kJobs, core_->options.max_jobs, at), at, until)) {
    auto channel = by_name.at({one.tenant, one.channel_name});
    const auto start = one.kind == "media" ? startMediaFetch : one.kind == "status" ? startStatusAsk : startFollowUp;
    start(core_, std::move(one), std::move(channel));
  }
  turnsAway(turned_away_);
}

void Scheduler::turnsAway(bool some) {
  const std::lock_guard lock(core_->mutex);
  core_->turned_away = some;
}

/// Messages whose channel is not there wait for it. Said once for each.
void Scheduler::tellStranded(const ChannelsByName& channels) {
  if (Clock::now() < next_stranded_) return;
  next_stranded_ = Clock::now() + kStrandedEvery;
  std::vector<ChannelName> names;
  for (const auto& [name, channel] : channels) names.push_back({name.first, name.second});
  for (const auto& one : strandedChannels(*connection_, names))
    if (told_.insert(one.tenant + "/" + one.name).second)
      log::warn("delivery", "messages wait for a channel that is removed or disabled",
                {{"tenant", one.tenant}, {"channel", one.name}});
}

/// Also where the channel is paused, disabled or gone: nobody would lease those recipients.
void Scheduler::expire() {
  if (Clock::now() < next_expiry_) return;
  next_expiry_ = Clock::now() + core_->options.expiry;
  std::map<std::string, std::vector<RecipientLease>> by_tenant;
  for (auto& one : expiredRecipients(*connection_, now(), kExpiredAtOnce))
    by_tenant[one.tenant].push_back(std::move(one));
  for (auto& [tenant, recipients] : by_tenant)
    core_->parts.lanes->post<std::size_t>(
        tenant,
        [list = std::move(recipients)](db::TenantWrite& write) -> Result<std::size_t> {
          return expireMessages(write, list);
        },
        [core = core_, tenant = tenant](Result<std::size_t> expired) {
          if (!expired.ok() || *expired == 0) return;  // the next sweep finds them again
          core->counters.add(&DeliveryStats::expired, *expired);
          core->counters.add(&DeliveryStats::failed, *expired);
          log::warn("delivery", "messages could not be sent within their time to live",
                    {{"tenant", tenant}, {"messages", *expired}});
        });
}

}  // namespace patchbay::delivery
