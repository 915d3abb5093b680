#include "delivery/poller.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "delivery/core.hpp"
#include "delivery/poll_leases.hpp"
#include "delivery/poll_outcome.hpp"
#include "delivery/workers.hpp"

namespace patchbay::delivery {
namespace {

using Clock = std::chrono::steady_clock;
using connectors::PollOutcome;

/// What a cursor is of. Of the credentials no more than shows a change: 32 bits, by which nobody finds them.
std::string accountOf(const connectors::Channel& channel) {
  std::string all;
  for (const auto& key : channel.manifest().config_keys) {
    if (!key.secret) continue;
    const auto& values = channel.secrets().values(key.name);
    all += key.name + '\0' + (values.empty() ? "" : values.front()) + '\0';
  }
  const std::string& number = channel.manifest().account_key;
  const std::string account = number.empty() ? "" : dumpJson(channel.settings().config.value(number, Json()));
  return channel.manifest().id + " " + account + " " +
         crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, all)).substr(0, 8);
}

}  // namespace

/// Held by everything that is under way, so it lives until the last callback.
class Poller::Core : public std::enable_shared_from_this<Poller::Core> {
 public:
  Core(Options o, Parts p) : options_(std::move(o)), parts_(std::move(p)), workers_(options_.turn_threads) {}

  void start() {
    thread_ = std::thread([this] { loop(); });
  }
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_all();
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    workers_.stop();
  }
  std::size_t inFlight() const {
    const std::lock_guard lock(mutex_);
    return running_.size();
  }

 private:
  struct Running {
    std::string channel;   // "tenant/name"
    bool storing = false;  // in a lane: the cursor may be moving
  };

  struct Known {
    std::weak_ptr<connectors::Channel> channel;
    std::string account;
  };

  /// A lease in use: a run that ends without a word, by an exception say, lets its lease run out.
  struct Hold {
    Hold(std::shared_ptr<Core> its_core, std::string its_token)
        : core(std::move(its_core)), token(std::move(its_token)) {}
    ~Hold() { core->letGo(token); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    const std::shared_ptr<Core> core;
    const std::string token;
  };

  void letGo(const std::string& token) {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(token); found != running_.end() && !found->second.storing)
      running_.erase(found);
  }

  void loop() {
    for (;;) {
      round();
      std::unique_lock lock(mutex_);
      const auto until = std::max(std::min(Clock::now() + options_.sweep, next_due_), next_connect_);
      changed_.wait_until(lock, until,
                          [&] { return stopping_ || (woken_ && Clock::now() >= next_connect_) || next_due_ < until; });
      if (stopping_) break;
      woken_ = false;
      next_due_ = Clock::time_point::max();
    }
    finish();
  }

  void round() {
    if (Clock::now() < next_connect_) return;
    const auto channels = polledNow();
    try {
      if (channels.empty() && !connection_) return;  // a host without polls has no connection for them
      if (!connection_ || connection_->broken()) connection_ = std::make_unique<db::Connection>(options_.connection);
      settle();
      renew();
      enrol(channels);
      lease(channels);
      away_ = false;
      return;
    } catch (const db::Unavailable& error) {
      if (!away_) log::warn("poll", "the database is away; polling waits", {{"reason", error.what()}});
      away_ = true;
    } catch (const std::exception& error) {
      log::error("poll", "a round of polling failed", {{"reason", error.what()}});
    }
    connection_.reset();
    next_connect_ = Clock::now() + options_.database_pause;
  }

  std::vector<std::shared_ptr<connectors::Channel>> polledNow() const {
    auto channels = parts_.channels();
    std::erase_if(channels, [](const auto& channel) { return !channel->polls(); });
    std::sort(channels.begin(), channels.end(),
              [](const auto& a, const auto& b) { return channelKey(*a) < channelKey(*b); });
    return channels;
  }

  static PolledChannel rowOf(const connectors::Channel& channel, std::string account) {
    return {channel.settings().tenant, channel.settings().name, std::move(account)};
  }

  /// Channels that are new here, or that a reload has made anew.
  void enrol(const std::vector<std::shared_ptr<connectors::Channel>>& channels) {
    std::vector<PolledChannel> fresh;
    std::map<std::string, Known> known;
    for (const auto& channel : channels) {
      const std::weak_ptr<connectors::Channel> here = channel;
      const auto before = known_.find(channelKey(*channel));
      const bool same = before != known_.end() && !before->second.channel.owner_before(here) &&
                        !here.owner_before(before->second.channel);
      std::string account = same ? before->second.account : accountOf(*channel);
      if (!same) fresh.push_back(rowOf(*channel, account));
      known.emplace(channelKey(*channel), Known{here, std::move(account)});
    }
    enrolPolls(*connection_, fresh, now());
    known_.swap(known);
  }

  void lease(const std::vector<std::shared_ptr<connectors::Channel>>& channels) {
    const Timestamp at = now();
    std::vector<PolledChannel> free;
    std::map<std::string, std::shared_ptr<connectors::Channel>> by_name;
    std::size_t under_way = 0;
    {
      const std::lock_guard lock(mutex_);
      under_way = running_.size();
      std::vector<std::string> busy;
      for (const auto& [token, one] : running_) busy.push_back(one.channel);
      for (const auto& channel : channels)
        if (std::find(busy.begin(), busy.end(), channelKey(*channel)) == busy.end())
          by_name.emplace(channelKey(*channel), channel);
    }
    for (const auto& [name, channel] : by_name)
      if (!parts_.paused_until || !parts_.paused_until(*channel))
        free.push_back(rowOf(*channel, known_.at(name).account));
    const auto places = static_cast<int>(options_.max_in_flight - std::min(under_way, options_.max_in_flight));
    for (auto& one : leasePolls(*connection_, free, places, at, at + options_.lease)) {
      std::erase_if(free, [&](const auto& row) { return row.tenant == one.tenant && row.name == one.channel_name; });
      auto channel = by_name.at(one.tenant + "/" + one.channel_name);
      begin(std::move(one), std::move(channel));
    }
    // With all places taken the next poll begins when one ends, which wakes the thread; to look at the clock would be
    // to spin: what waits is due long since.
    if (places <= 0) return;
    if (const auto next = nextPollAt(*connection_, free)) dueIn(*next - now());
  }

  void begin(PollLease lease, std::shared_ptr<connectors::Channel> channel) {
    {
      const std::lock_guard lock(mutex_);
      running_.emplace(lease.token, Running{channelKey(*channel)});
    }
    RunOptions run;
    run.channel = channel;
    run.operation = {{"kind", "poll"}, {"cursor", lease.cursor}};
    if (lease.refusals >= options_.careful_after) run.operation["careful"] = true;
    run.attempt = static_cast<unsigned>(lease.failures + 1);
    run.trace_id = "poll-" + lease.token;
    // The hold also keeps the workers alive until the client has given its last answer.
    auto hold = std::make_shared<Hold>(shared_from_this(), lease.token);
    runOperation(std::move(run), *parts_.http, workers_, nullptr,
                 [hold = std::move(hold), lease = std::move(lease), channel](Ending ending) {
                   hold->core->ended(lease, channel, std::move(ending));
                 });
  }

  /// A worker.
  void ended(const PollLease& lease, const std::shared_ptr<connectors::Channel>& channel, Ending ending) {
    const log::Scope scope({.tenant = lease.tenant, .channel = lease.channel_name});
    if (parts_.pause && !ending.throttles.empty()) parts_.pause(*channel, ending.throttles);
    if (auto why = whyPollFailed(ending); !why.empty()) return failed(lease, *channel, ending, std::move(why));
    const auto due = now() + pauseAfterPoll(ending, *channel);
    inbox::Received received;
    try {
      received = storageOf(channel, lease, std::move(ending), *parts_.store, parts_.find_owner, now());
    } catch (const std::exception& error) {
      return failed(lease, *channel, {}, std::string("a file of a message cannot be stored: ") + error.what());
    }
    if (received.arrivals.empty() && received.follow_ups.empty() && !received.advance->cursor) {
      channel->stats().polled(PollOutcome::kEmpty, now(), due);
      return end({lease.token, due, false, false});
    }
    if (!beginsStoring(lease.token)) return;
    received.advance->due_at = due;
    const bool led_on = !received.follow_ups.empty();
    const auto stored = [self = shared_from_this(), lease, channel, due, led_on](bool yes) {
      if (!yes) return self->failed(lease, *channel, {}, "what it brought could not be stored");
      channel->stats().polled(PollOutcome::kStored, now(), due);
      channel->stats().inbound(now());
      if (led_on && self->parts_.queued) self->parts_.queued();
      self->over(lease.token);
    };
    if (!parts_.ingest->submit(std::move(received), stored)) stored(false);
  }

  /// Any thread.
  void failed(const PollLease& lease, const connectors::Channel& channel, const Ending& ending, std::string why) {
    const PollPolicy policy{options_.first_pause, options_.longest_pause};
    const auto due = now() + pauseAfterFailure(ending, policy, lease.failures + 1, luck());
    channel.stats().polled(PollOutcome::kFailed, now(), due);
    channel.stats().failed(now(), "poll failed: " + why);
    log::warn("poll", "a poll failed",
              {{"tenant", lease.tenant},
               {"channel", lease.channel_name},
               {"why", why},
               {"in_a_row", lease.failures + 1},
               {"again", formatRfc3339(due)}});
    end({lease.token, due, true, isRefusal(ending)});
  }

  /// There was nothing to store: the row is written with others in the next round.
  void end(PollSettlement settlement) {
    {
      const std::lock_guard lock(mutex_);
      // Nothing is on its way to the database any more: stop() need not wait for it.
      if (const auto found = running_.find(settlement.token); found != running_.end()) found->second.storing = false;
      settlements_.push_back(std::move(settlement));
      woken_ = true;
    }
    changed_.notify_all();
  }

  /// @return false: stop() has begun, and another host may poll already
  bool beginsStoring(const std::string& token) {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(token);
    if (stopping_ || found == running_.end()) return false;
    return found->second.storing = true;
  }

  /// Its place is free, and the row says when the channel is due again.
  void over(const std::string& token) {
    {
      const std::lock_guard lock(mutex_);
      running_.erase(token);
      woken_ = true;
    }
    changed_.notify_all();
  }

  void dueIn(Timestamp::duration pause) {
    {
      const std::lock_guard lock(mutex_);
      next_due_ = std::min(next_due_, Clock::now() + std::max<Timestamp::duration>(pause, {}));
    }
    changed_.notify_all();
  }

  void settle() {
    std::vector<PollSettlement> list;
    {
      const std::lock_guard lock(mutex_);
      list = settlements_;
    }
    settlePolls(*connection_, list, now());
    const std::lock_guard lock(mutex_);
    for (const auto& one : list) running_.erase(one.token);
    settlements_.erase(settlements_.begin(), settlements_.begin() + static_cast<std::ptrdiff_t>(list.size()));
  }

  void renew() {
    if (Clock::now() < next_renewal_) return;
    next_renewal_ = Clock::now() + options_.lease / 4;
    std::vector<std::string> tokens;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [token, one] : running_) tokens.push_back(token);
    }
    renewPolls(*connection_, tokens, now() + options_.lease);
  }

  /// Waits for lanes; what waits for a provider is left as it is, and its answer is read by nobody.
  void finish() {
    std::vector<std::string> abandoned;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, options_.stop_patience, [&] {
        return std::none_of(running_.begin(), running_.end(), [](const auto& one) { return one.second.storing; });
      });
      for (const auto& [token, one] : running_)
        if (!one.storing) abandoned.push_back(token);
    }
    try {
      if (!connection_ || connection_->broken()) return;
      settle();
      releasePolls(*connection_, abandoned);
    } catch (const std::exception& error) {
      log::warn("poll", "leases could not be given back; they run out", {{"reason", error.what()}});
    }
  }

  const Options options_;
  const Parts parts_;
  Workers workers_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  bool stopping_ = false;
  bool woken_ = false;
  Clock::time_point next_due_ = Clock::time_point::max();
  std::map<std::string, Running> running_;  // by lease token
  std::vector<PollSettlement> settlements_;
  // The thread's alone:
  std::unique_ptr<db::Connection> connection_;
  Clock::time_point next_connect_{};
  Clock::time_point next_renewal_{};
  bool away_ = false;
  std::map<std::string, Known> known_;  // by "tenant/name"
  std::thread thread_;
};

Poller::Poller(Options options, Parts parts) : core_(std::make_shared<Core>(std::move(options), std::move(parts))) {
  core_->start();
}

Poller::~Poller() {
  stop();
}

void Poller::wake() {
  core_->wake();
}

void Poller::stop() {
  core_->stop();
}

std::size_t Poller::inFlight() const {
  return core_->inFlight();
}

}  // namespace patchbay::delivery
