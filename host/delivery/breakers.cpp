#include "delivery/breakers.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "delivery/verdict.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;

/// How long others wait while a probe is under way.
constexpr milliseconds kBesideProbe{500};
/// Circuits that have failures at all. A server's name comes from requests that egress rules have let pass.
constexpr std::size_t kMostCircuits = 10'000;

}  // namespace

Breakers::Gate Breakers::gateOf(const Circuits& circuits, const std::string& name, Clock::time_point now) {
  const auto found = circuits.find(name);
  if (found == circuits.end() || found->second.opened == 0) return Gate::kFree;
  return now < found->second.until || now < found->second.probe_until ? Gate::kShut : Gate::kProbe;
}

Breakers::Gate Breakers::gate(const std::string& channel, Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  const Gate own = gateOf(channels_, channel, now);
  const auto recent = recent_.find(channel);
  if (own == Gate::kShut || recent == recent_.end()) return own;
  Gate best = Gate::kShut;
  for (const auto& server : recent->second.servers)
    if (!server.empty()) best = std::min(best, gateOf(servers_, server, now));
  return std::max(own, best);
}

std::optional<milliseconds> Breakers::refuses(const std::string& channel, const std::vector<std::string>& servers,
                                              Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::vector<Circuit*> probed;
  milliseconds wait{};
  const auto ask = [&](Circuits& circuits, const std::string& name) {
    const auto found = circuits.find(name);
    if (found == circuits.end() || found->second.opened == 0) return;
    Circuit& circuit = found->second;
    if (now < circuit.until) {
      wait = std::max(wait, std::chrono::ceil<milliseconds>(circuit.until - now));
    } else if (now < circuit.probe_until) {
      wait = std::max(wait, kBesideProbe);
    } else {
      probed.push_back(&circuit);
    }
  };
  ask(channels_, channel);
  for (const auto& server : servers) ask(servers_, server);
  if (wait > milliseconds{0}) return wait;
  for (auto* circuit : probed) circuit->probe_until = now + policy_.probe;
  return std::nullopt;
}

void Breakers::record(const std::string& channel, const std::string& server, bool good, Clock::time_point now,
                      double luck) {
  const std::lock_guard lock(mutex_);
  record(channels_, "channel", channel, good, now, luck);
  record(servers_, "server", server, good, now, luck);
  auto& recent = recent_[channel];
  recent.servers.at(recent.next) = server;
  recent.next = (recent.next + 1) % recent.servers.size();
}

void Breakers::record(Circuits& circuits, const char* what, const std::string& name, bool good, Clock::time_point now,
                      double luck) {
  auto found = circuits.find(name);
  if (good) {
    if (found == circuits.end()) return;
    if (found->second.opened > 0) log::info("delivery", "requests get through again", {{what, name}});
    circuits.erase(found);
    return;
  }
  if (found == circuits.end()) {
    if (circuits.size() >= kMostCircuits) return;
    found = circuits.emplace(name, Circuit{}).first;
  }
  Circuit& circuit = found->second;
  if (circuit.opened > 0 && now < circuit.until) return;  // left before it opened
  if (circuit.opened == 0 && ++circuit.failures < policy_.failures) return;
  const auto pause = backoff(policy_.open, policy_.longest, ++circuit.opened, luck);
  circuit.until = now + pause;
  circuit.probe_until = {};
  log::warn("delivery", "nothing is sent for a while: requests fail one after the other",
            {{what, name}, {"pause_ms", pause.count()}, {"times", circuit.opened}});
}

void Breakers::forget(const std::string& channel) {
  const std::lock_guard lock(mutex_);
  channels_.erase(channel);
  recent_.erase(channel);
}

std::vector<Breakers::Open> Breakers::open(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  std::vector<Open> list;
  for (const auto* circuits : {&channels_, &servers_})
    for (const auto& [name, circuit] : *circuits)
      if (circuit.opened > 0)
        list.push_back({name, circuits == &servers_,
                        std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(circuit.until - now))});
  return list;
}

}  // namespace patchbay::delivery
