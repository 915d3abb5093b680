#include "delivery/pauses.hpp"

#include "base/crypto.hpp"

namespace patchbay::delivery {
namespace {

/// The same connector with the same secret values is the same account at the provider, as far as we can tell.
std::string accountKey(const connectors::Channel& channel) {
  std::string all;
  for (const auto& key : channel.manifest().config_keys) {
    if (!key.secret) continue;
    all += key.name + '\0';
    for (const auto& value : channel.secrets().values(key.name)) all += value + '\0';
  }
  return channel.settings().tenant + "//" + channel.manifest().id + "/" +
         crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, all));
}

}  // namespace

std::string channelKey(const connectors::Channel& channel) {
  return channel.settings().tenant + "/" + channel.settings().name;
}

void Pauses::add(const connectors::Channel& channel, const Pause& pause) {
  if (pause.scope == Pause::Scope::kRecipient) return;
  const std::string key = pause.scope == Pause::Scope::kAccount ? accountKey(channel) : channelKey(channel);
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[key];
  entry.until = std::max(entry.until, pause.until);
  if (pause.refused_credentials) ++entries_[channelKey(channel)].refusals;
}

void Pauses::forget(const connectors::Channel& channel) {
  const std::lock_guard lock(mutex_);
  entries_.erase(channelKey(channel));
}

void Pauses::succeeded(const connectors::Channel& channel) {
  const std::string key = channelKey(channel);
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(key); found != entries_.end()) found->second.refusals = 0;
}

std::optional<Timestamp> Pauses::until(const connectors::Channel& channel, Timestamp now) const {
  const std::string key = channelKey(channel);
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return std::nullopt;  // nearly always: no digest is made
  Timestamp latest{};
  for (const auto& name : {key, accountKey(channel)})
    if (const auto found = entries_.find(name); found != entries_.end()) latest = std::max(latest, found->second.until);
  if (latest <= now) return std::nullopt;
  return latest;
}

int Pauses::refusals(const connectors::Channel& channel) const {
  const std::string key = channelKey(channel);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.refusals;
}

}  // namespace patchbay::delivery
