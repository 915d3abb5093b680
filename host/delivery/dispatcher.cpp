#include "delivery/dispatcher.hpp"

#include <algorithm>
#include <random>

#include "base/log.hpp"
#include "delivery/core.hpp"
#include "delivery/queue_gauge.hpp"
#include "delivery/scheduler.hpp"
#include "mail/own.hpp"
#include "mail/take_apart.hpp"

namespace patchbay::delivery {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

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

void Core::keep(const std::string& token, Holder holder) {
  const std::lock_guard lock(mutex);
  ++in_flight[holder];
  tokens.insert_or_assign(token, std::move(holder));
}

void Core::drop(const std::string& token) {
  {
    const std::lock_guard lock(mutex);
    const auto found = tokens.find(token);
    if (found == tokens.end()) return;
    if (const auto count = in_flight.find(found->second); --count->second == 0) in_flight.erase(count);
    tokens.erase(found);
    if (turned_away) woken = true;
  }
  changed.notify_all();
}

namespace {

constexpr std::uint64_t kMaxRawMail = 64U << 20U;

/// Raw mail among the events, which came as an answer or was made by the turn.
void takeMailApart(const connectors::Channel& channel, Ending& ending) {
  mail::BlobBytes bytes;
  const auto read = [&](std::uint64_t id) {
    const auto found = ending.blobs.find(id);
    if (id == 0 || found == ending.blobs.end()) return;
    auto raw = found->second.bytes ? Result<std::string>(*found->second.bytes) : found->second.read(kMaxRawMail);
    if (raw.ok()) bytes[id] = std::move(*raw);
  };
  for (const auto& event : ending.events) {
    read(event.mime);
    for (const auto& item : event.media)
      if (!item.content_id.empty()) read(item.blob);
  }
  ending.events = mail::takeApart(std::move(ending.events), bytes, now(), mail::ownAddresses(channel));
  for (auto& [id, file] : bytes)
    if (id >= mail::kFirstFileBlob) ending.blobs[id] = Blob::ofBytes(std::move(file));
}

}  // namespace

std::vector<connectors::Event> takeEvents(const Core& core, const connectors::Channel& channel, Ending& ending) {
  if (ending.events.empty() || !core.parts.on_events) return {};
  takeMailApart(channel, ending);
  for (auto& event : ending.events)
    for (auto& item : event.media) {
      const auto found = ending.blobs.find(item.blob);
      if (item.blob == 0) continue;
      std::optional<media::Stored> file;
      if (found != ending.blobs.end() && found->second.bytes) file = core.parts.store->put(*found->second.bytes);
      if (found != ending.blobs.end() && !found->second.bytes)
        file = media::Stored{found->second.sha256, static_cast<std::int64_t>(found->second.size)};
      if (file) {
        item.sha256 = file->sha256;
        item.size = file->size;
      } else {
        item.blob = 0;  // larger than the store takes, or never there: the job that fetches it will say so
      }
    }
  return std::move(ending.events);
}

Dispatcher::Dispatcher(Options options, Parts parts)
    : core_(std::make_shared<Core>(std::move(options), std::move(parts))),
      gauge_(std::make_unique<QueueGauge>(*core_->parts.reads)),
      scheduler_(std::make_unique<Scheduler>(core_)) {}

Dispatcher::~Dispatcher() {
  stop();
}

void Dispatcher::wake() {
  core_->wake();
}

void Dispatcher::pause(const connectors::Channel& channel, const std::vector<connectors::Throttle>& throttles) {
  for (const auto& throttle : throttles)
    if (throttle.scope != "recipient")
      core_->pauses.add(
          channel, {throttle.scope == "account" ? Pause::Scope::kAccount : Pause::Scope::kChannel, throttle.until});
}

std::optional<Timestamp> Dispatcher::pausedUntil(const connectors::Channel& channel) const {
  return core_->pauses.until(channel, now());
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

void Dispatcher::throttle(const connectors::Channel& channel, const std::vector<connectors::Throttle>& throttles) {
  for (const auto& throttle : throttles) core_->pauses.add(channel, {scopeOf(throttle.scope), throttle.until});
}

void Dispatcher::keep(std::map<std::uint64_t, std::string> blobs, Kept done) {
  // Shared, because a task is copied into the queue and the files may be megabytes.
  const auto held = std::make_shared<const std::map<std::uint64_t, std::string>>(std::move(blobs));
  const auto task = [core = core_, held, done] {
    inbox::StoredBlobs stored;
    try {
      for (const auto& [id, bytes] : *held) {
        const auto file = core->parts.store->put(bytes);
        if (!file) return done(Error{ErrorKind::kTooLarge, "file_too_large", "a file is larger than the store takes"});
        stored[id] = *file;
      }
    } catch (const std::exception& error) {
      log::error("delivery", "a file of a webhook cannot be stored", {{"reason", error.what()}});
      return done(Error{ErrorKind::kUnavailable, "not_stored", "a file cannot be stored right now"});
    }
    done(std::move(stored));
  };
  if (!core_->workers.post(task)) done(Error{ErrorKind::kUnavailable, "stopping", "the host is stopping"});
}

DeliveryStats Dispatcher::stats() const {
  DeliveryStats stats;
  core_->counters.fill(stats);
  gauge_->fill(stats);
  {
    const std::lock_guard lock(core_->mutex);
    for (const auto& [holder, count] : core_->in_flight)
      (holder.send ? stats.sends_in_flight : stats.jobs_in_flight) += count;
  }
  const auto open = core_->breakers.open(steady_clock::now());
  for (const auto& one : open)
    if (one.server) stats.servers.push_back(one.name);
  const Timestamp at = now();
  for (const auto& channel : core_->parts.channels()) {
    ChannelTrouble trouble{channel->settings().tenant, channel->settings().name, core_->pauses.until(*channel, at),
                           core_->pauses.refusals(*channel), false};
    trouble.open = std::any_of(open.begin(), open.end(),
                               [&](const auto& one) { return !one.server && one.name == channelKey(*channel); });
    if (trouble.paused_until || trouble.refusals > 0 || trouble.open) stats.channels.push_back(std::move(trouble));
  }
  return stats;
}

}  // namespace patchbay::delivery
