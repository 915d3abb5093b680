#include "delivery/dispatcher.hpp"

#include <algorithm>
#include <random>

#include "base/log.hpp"
#include "delivery/core.hpp"
#include "delivery/media_fetch.hpp"
#include "delivery/send.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kStrandedEvery{60};

}  // namespace

double luck() {
  thread_local std::mt19937 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

void Core::wake() {
  {
    const std::lock_guard lock(mutex);
    woken = true;
  }
  changed.notify_all();
}

void Core::after(milliseconds pause, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex);
    timers.emplace(steady_clock::now() + pause, std::move(task));
  }
  changed.notify_all();
}

void Core::keep(const std::string& token, bool send) {
  const std::lock_guard lock(mutex);
  tokens.insert(token);
  ++(send ? sends : jobs);
}

void Core::drop(const std::string& token, bool send) {
  {
    const std::lock_guard lock(mutex);
    if (tokens.erase(token) == 0) return;
    // A full house has turned work away: there may be more.
    if (send ? sends == options.max_sends : jobs == options.max_media) woken = true;
    --(send ? sends : jobs);
  }
  changed.notify_all();
}

/// The one thread that leases. Everything else happens on workers, lanes and the HTTP client's thread.
class Dispatcher::Scheduler {
 public:
  explicit Scheduler(std::shared_ptr<Core> core) : core_(std::move(core)), thread_([this] { loop(); }) {}
  ~Scheduler() { thread_.join(); }

 private:
  void loop() {
    for (;;) {
      runTimers();
      const bool more = round();
      std::unique_lock lock(core_->mutex);
      if (!more) {
        auto until = std::max(steady_clock::now() + core_->options.sweep, next_connect_);
        const bool away = steady_clock::now() < next_connect_;
        if (!core_->timers.empty()) until = std::min(until, core_->timers.begin()->first);
        core_->changed.wait_until(lock, until, [&] {
          const bool timer = !core_->timers.empty() && core_->timers.begin()->first < until;
          return core_->stopping || (core_->woken && !away) || timer;
        });
      }
      if (core_->stopping) break;
      core_->woken = false;
    }
    waitForTheRest();
  }

  void runTimers() {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard lock(core_->mutex);
      const auto end = core_->timers.upper_bound(steady_clock::now());
      for (auto it = core_->timers.begin(); it != end; ++it) due.push_back(std::move(it->second));
      core_->timers.erase(core_->timers.begin(), end);
    }
    for (auto& task : due) core_->workers.post(std::move(task));
  }

  /// What is under way may end, its timers included; leases go on being renewed.
  void waitForTheRest() {
    const auto until = steady_clock::now() + core_->options.stop_patience;
    for (;;) {
      runTimers();
      try {
        renew();
      } catch (const std::exception&) {  // logged; whoever comes next takes over when the leases have run out
      }
      std::unique_lock lock(core_->mutex);
      if (core_->tokens.empty() || steady_clock::now() >= until) return;
      auto next = std::min(until, steady_clock::now() + core_->options.sweep);
      if (!core_->timers.empty()) next = std::min(next, core_->timers.begin()->first);
      core_->changed.wait_until(lock, next);
    }
  }

  /// @return true when there was more than fits into a round
  bool round() {
    if (steady_clock::now() < next_connect_) return false;
    try {
      if (!connection_ || connection_->broken()) {
        connection_ = std::make_unique<db::Connection>(core_->options.connection);
        if (away_) log::info("delivery", "the database is back", {});
        away_ = false;
      }
      renew();
      return lease();
    } catch (const db::Unavailable& error) {
      if (!away_) log::warn("delivery", "the database is away; sending waits", {{"reason", error.what()}});
      away_ = true;
    } catch (const std::exception& error) {
      log::error("delivery", "a round of sending failed", {{"reason", error.what()}});
    }
    connection_.reset();
    next_connect_ = steady_clock::now() + core_->options.database_pause;
    return false;
  }

  void renew() {
    if (!connection_ || steady_clock::now() < next_renewal_) return;
    next_renewal_ = steady_clock::now() + core_->options.lease / 4;
    std::vector<std::string> tokens;
    {
      const std::lock_guard lock(core_->mutex);
      tokens.assign(core_->tokens.begin(), core_->tokens.end());
    }
    try {
      renewLeases(*connection_, tokens, now() + core_->options.lease);
    } catch (const std::exception& error) {
      log::warn("delivery", "leases cannot be renewed", {{"reason", error.what()}});
      connection_.reset();
      throw;
    }
  }

  using ChannelsByName = std::map<std::pair<std::string, std::string>, std::shared_ptr<connectors::Channel>>;

  /// A tenant whose rows cannot be read does not hold up the others: its leases run out, and it comes again.
  void startSends(const std::string& tenant, std::vector<RecipientLease> leases, const ChannelsByName& by_name,
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

  bool lease() {
    ChannelsByName by_name;
    std::vector<ChannelName> all, free;
    const Timestamp at = now();
    for (auto& channel : core_->parts.channels()) {
      const auto& settings = channel->settings();
      all.push_back({settings.tenant, settings.name});
      if (!core_->pauses.until(*channel, at)) free.push_back(all.back());
      by_name.emplace(std::pair{settings.tenant, settings.name}, std::move(channel));
    }
    tellStranded(all);
    std::size_t sends = 0, jobs = 0;
    {
      const std::lock_guard lock(core_->mutex);
      sends = core_->options.max_sends - std::min(core_->sends, core_->options.max_sends);
      jobs = core_->options.max_media - std::min(core_->jobs, core_->options.max_media);
    }
    if (free.empty()) return false;
    const Timestamp until = at + core_->options.lease;
    bool more = false;
    if (sends > 0) {
      auto leases = leaseRecipients(*connection_, free, at, until, core_->options.per_channel, static_cast<int>(sends));
      more = !leases.empty() && leases.size() < sends;
      std::map<std::string, std::vector<RecipientLease>> by_tenant;
      for (auto& one : leases) by_tenant[one.tenant].push_back(std::move(one));
      for (auto& [tenant, mine] : by_tenant) startSends(tenant, std::move(mine), by_name, at);
    }
    if (jobs > 0) {
      auto leases = leaseDue(*connection_, free, "media", at, until, static_cast<int>(jobs));
      for (auto& one : leases) {
        auto channel = by_name.at({one.tenant, one.channel_name});
        startMediaFetch(core_, std::move(one), std::move(channel));
      }
    }
    return more;
  }

  /// Messages whose channel is not there wait for it. Said once for each.
  void tellStranded(const std::vector<ChannelName>& channels) {
    if (steady_clock::now() < next_stranded_) return;
    next_stranded_ = steady_clock::now() + kStrandedEvery;
    for (const auto& one : strandedChannels(*connection_, channels))
      if (told_.insert(one.tenant + "/" + one.name).second)
        log::warn("delivery", "messages wait for a channel that is removed or disabled",
                  {{"tenant", one.tenant}, {"channel", one.name}});
  }

  const std::shared_ptr<Core> core_;
  std::unique_ptr<db::Connection> connection_;
  steady_clock::time_point next_connect_{};
  steady_clock::time_point next_renewal_{};
  steady_clock::time_point next_stranded_{};
  bool away_ = false;
  std::set<std::string> told_;
  std::thread thread_;
};

Dispatcher::Dispatcher(Options options, Parts parts)
    : core_(std::make_shared<Core>(std::move(options), std::move(parts))),
      scheduler_(std::make_unique<Scheduler>(core_)) {}

Dispatcher::~Dispatcher() {
  stop();
}

void Dispatcher::wake() {
  core_->wake();
}

void Dispatcher::stop() {
  if (!scheduler_) return;
  {
    const std::lock_guard lock(core_->mutex);
    core_->stopping = true;
  }
  core_->changed.notify_all();
  scheduler_.reset();  // joins
  core_->workers.stop();
  decltype(core_->timers) dropped;  // destroyed without the lock: what they hold gives back its lease
  const std::lock_guard lock(core_->mutex);
  dropped.swap(core_->timers);
}

}  // namespace patchbay::delivery
