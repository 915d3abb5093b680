#include "app/channels.hpp"

#include <algorithm>
#include <tuple>

#include "base/log.hpp"
#include "connectors/channel_factory.hpp"
#include "connectors/library.hpp"
#include "connectors/manifest.hpp"

namespace patchbay::app {
namespace {

connectors::UnknownPolicy policyOf(UnknownSend unknown) {
  switch (unknown) {
    case UnknownSend::kResend:
      return connectors::UnknownPolicy::kResend;
    case UnknownSend::kFail:
      return connectors::UnknownPolicy::kFail;
    case UnknownSend::kHold:
      break;
  }
  return connectors::UnknownPolicy::kHold;
}

connectors::Isolation isolationOf(const ChannelConfig& channel) {
  if (!channel.isolated) return connectors::Isolation::kDefault;
  return *channel.isolated ? connectors::Isolation::kWorker : connectors::Isolation::kProcess;
}

connectors::ChannelSettings settingsOf(const Config& config, const TenantConfig& tenant, const ChannelConfig& channel) {
  // Without a public URL the address is at least right for a simulator on this machine.
  const std::string base =
      channel.public_url.empty() ? "http://127.0.0.1:" + std::to_string(config.http.port) : channel.public_url;
  connectors::ChannelSettings settings;
  settings.tenant = tenant.slug;
  settings.name = channel.name;
  settings.connector = channel.connector;
  settings.enabled = channel.enabled;
  settings.legacy_webhook = channel.legacy_webhook;
  settings.unknown = policyOf(channel.unknown);
  settings.isolation = isolationOf(channel);
  settings.ttl = channel.ttl;
  settings.reopen = channel.reopen;
  settings.egress_allow = channel.egress_allow;
  settings.webhook_url = base + "/api/v1/webhooks/" + tenant.slug + "/" + channel.name;
  if (channel.legacy_webhook) settings.legacy_url = base + "/api/v1/webhooks/incoming/";
  settings.config = channel.config;
  return settings;
}

std::string key(std::string_view tenant, std::string_view name) {
  return std::string(tenant).append("/").append(name);  // neither holds a slash
}

/// Something is wrong with the connector itself.
Diagnostic aboutConnector(const ChannelConfig& entry, std::string message) {
  return {entry.origin.file(), entry.connector_mark.line, entry.connector_mark.column, std::move(message)};
}

/// "/a/0" as an admin writes it: "config.a.0".
std::string keyOf(std::string pointer) {
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return "config" + pointer;
}

/// Which of the provider's numbers or pages a channel is; empty when its connector does not say.
std::string accountOf(const connectors::Channel& channel) {
  const auto& key = channel.manifest().account_key;
  const auto found = channel.settings().config.find(key);
  return key.empty() || found == channel.settings().config.end() || !found->is_string() ? ""
                                                                                        : found->get<std::string>();
}

/// Who can sign for one of them could have signed for the other: then, and only then, a request to one may speak of
/// both.
bool shareSignature(const connectors::Channel& a, const connectors::Channel& b) {
  for (const auto& path : a.manifest().webhooks)
    for (const auto& scheme : path.signatures)
      for (const auto& key : scheme.keys())
        for (const auto& value : a.secrets().values(key)) {
          const auto& others = b.secrets().values(key);
          if (std::find(others.begin(), others.end(), value) != others.end()) return true;
        }
  return false;
}

}  // namespace

Result<Channels::Code> Channels::codeOf(const connectors::ChannelSettings& settings,
                                        connectors::ConnectorSet& connectors) {
  const auto entry = connectors.locate(settings.connector);
  if (!entry) return entry.error();
  if (connectors::isolates(settings, *(*entry)->manifest)) {
    auto digest = connectors.digest(settings.connector);
    if (!digest) return digest.error();
    return Code{nullptr, std::move(*digest)};
  }
  auto library = connectors.load(settings.connector);
  if (!library) return library.error();
  return Code{std::move(*library), {}};
}

Channels::Channels(const Config& config, connectors::ConnectorSet& connectors, const Channels* previous) {
  for (const auto& tenant : config.tenants) tenants_.emplace_back(tenant.slug, tenant.name);
  for (const auto& tenant : config.tenants)
    for (const auto& entry : tenant.channels) start(entry, settingsOf(config, tenant, entry), connectors, previous);
  if (previous == nullptr) return;
  for (const auto& [name, entry] : previous->channels_)
    if (!channels_.contains(name) && !off_.contains(name)) removed_.push_back(name);
  for (const auto& [name, entry] : previous->off_)
    if (!channels_.contains(name) && !off_.contains(name)) removed_.push_back(name);
  changes_.removed = removed_.size();
}

void Channels::start(const ChannelConfig& entry, connectors::ChannelSettings settings,
                     connectors::ConnectorSet& connectors, const Channels* previous) {
  const std::string name = key(settings.tenant, settings.name);
  auto code = codeOf(settings, connectors);
  if (!code.ok()) return fail(entry, std::move(settings), code.error(), previous);
  const Entry* before = nullptr;
  if (previous != nullptr)
    if (const auto found = previous->channels_.find(name); found != previous->channels_.end()) before = &found->second;
  if (before != nullptr && before->given == settings && before->code == *code) {
    channels_.emplace(name, *before).first->second.fresh = false;
    ++changes_.kept;
    return;
  }
  const bool known = before != nullptr || (previous != nullptr && previous->off_.contains(name));
  auto counting = settings;  // `given` has no place to count: that does not come from the file
  if (previous != nullptr) counting.stats = previous->statsOf(name);
  auto channel = connectors::ChannelFactory(connectors).create(std::move(counting));
  if (!channel.ok()) return fail(entry, std::move(settings), channel.error(), previous);
  channels_.emplace(name, Entry{std::move(settings), *code, *channel});
  ++(known ? changes_.changed : changes_.added);
}

void Channels::fail(const ChannelConfig& entry, connectors::ChannelSettings settings, const Error& error,
                    const Channels* previous) {
  ++changes_.off;
  std::string name = key(settings.tenant, settings.name);
  Off off{std::move(settings), error.message, previous != nullptr ? previous->statsOf(name) : nullptr};
  if (previous != nullptr)
    if (const auto before = previous->off_.find(name); before != previous->off_.end())
      off.fresh = !(before->second.given == off.given);
  if (off.fresh) {
    const std::string who = "tenant " + off.given.tenant + ", channel " + off.given.name + ": ";
    for (const auto& field : error.fields)
      failures_.push_back(entry.origin.diagnose(field.pointer, who + keyOf(field.pointer) + ": " + field.message));
    if (error.fields.empty()) failures_.push_back(aboutConnector(entry, who + error.message));
  }
  off_.emplace(std::move(name), std::move(off));
}

void Channels::tell() const {
  for (const auto& [name, entry] : channels_)
    if (entry.fresh)
      log::info("connectors", "channel ready",
                {{"tenant", entry.given.tenant},
                 {"channel", entry.given.name},
                 {"connector", entry.given.connector},
                 {"enabled", entry.given.enabled ? "yes" : "no"},
                 {"isolation", entry.channel->isolated() ? "worker" : "process"},
                 {"news", entry.channel->polls() ? "by polling" : "by webhook"},
                 {"webhook", entry.given.webhook_url}});
  for (const auto& [name, off] : off_)
    if (off.fresh)
      log::error("connectors", "channel is off",
                 {{"tenant", off.given.tenant}, {"channel", off.given.name}, {"reason", off.reason}});
  for (const auto& name : removed_)
    log::info("connectors", "channel removed",
              {{"tenant", name.substr(0, name.find('/'))}, {"channel", name.substr(name.find('/') + 1)}});
}

std::shared_ptr<connectors::Channel> Channels::find(std::string_view tenant, std::string_view name) const {
  const auto found = channels_.find(key(tenant, name));
  return found == channels_.end() ? nullptr : found->second.channel;
}

connectors::WorkerStats Channels::workerStats() const {
  connectors::WorkerStats all;
  for (const auto& [name, entry] : channels_)
    if (const auto stats = entry.channel->workerStats()) all += *stats;
  return all;
}

bool Channels::isOff(std::string_view tenant, std::string_view name) const {
  return off_.contains(key(tenant, name));
}

std::vector<ChannelState> Channels::states() const {
  std::vector<ChannelState> states;
  for (const auto& [name, entry] : channels_)
    states.push_back({entry.given.tenant, entry.given.name, entry.given.connector, entry.given.enabled, "",
                      entry.channel->settings().stats, std::nullopt, false, entry.channel->polls()});
  for (const auto& [name, off] : off_)
    states.push_back({off.given.tenant, off.given.name, off.given.connector, off.given.enabled, off.reason, off.stats,
                      std::nullopt, false, false});
  std::sort(states.begin(), states.end(),
            [](const auto& a, const auto& b) { return std::tie(a.tenant, a.name) < std::tie(b.tenant, b.name); });
  return states;
}

std::shared_ptr<connectors::ChannelStats> Channels::statsOf(const std::string& name) const {
  if (const auto found = channels_.find(name); found != channels_.end()) return found->second.channel->settings().stats;
  const auto found = off_.find(name);
  return found == off_.end() ? nullptr : found->second.stats;
}

std::shared_ptr<connectors::Channel> Channels::findLegacy(std::string_view platform) const {
  std::shared_ptr<connectors::Channel> only;
  for (const auto& [name, entry] : channels_) {
    const auto& channel = entry.channel;
    if (!channel->settings().legacy_webhook || channel->manifest().platform != platform) continue;
    if (only) return nullptr;
    only = channel;
  }
  return only;
}

std::shared_ptr<connectors::Channel> Channels::findOwner(const std::shared_ptr<connectors::Channel>& channel,
                                                         std::string_view account) const {
  const std::string own = accountOf(*channel);
  if (account.empty() || own.empty() || own == account) return channel;
  const auto prefix = key(channel->settings().tenant, "");
  for (auto at = channels_.lower_bound(prefix); at != channels_.end() && at->first.starts_with(prefix); ++at) {
    const auto& other = at->second.channel;
    if (other->manifest().id == channel->manifest().id && accountOf(*other) == account &&
        shareSignature(*other, *channel))
      return other;
  }
  return nullptr;
}

std::vector<std::shared_ptr<connectors::Channel>> Channels::enabled() const {
  std::vector<std::shared_ptr<connectors::Channel>> list;
  for (const auto& [name, entry] : channels_)
    if (entry.given.enabled) list.push_back(entry.channel);
  return list;
}

std::vector<Channels::Listed> Channels::list(std::string_view tenant) const {
  const auto prefix = key(tenant, "");
  std::vector<Listed> list;
  for (auto at = channels_.lower_bound(prefix); at != channels_.end() && at->first.starts_with(prefix); ++at)
    list.push_back({at->second.given.name, at->second.given.connector, at->second.channel, {}});
  for (auto at = off_.lower_bound(prefix); at != off_.end() && at->first.starts_with(prefix); ++at)
    list.push_back({at->second.given.name, at->second.given.connector, nullptr, at->second.reason});
  std::sort(list.begin(), list.end(), [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return list;
}

std::vector<Diagnostic> checkSettings(const Config& config, connectors::ConnectorSet& connectors) {
  const connectors::ChannelFactory factory(connectors);
  std::vector<Diagnostic> mistakes;
  for (const auto& tenant : config.tenants)
    for (const auto& entry : tenant.channels)
      if (const auto* manifest = connectors.find(entry.connector))
        for (const auto& error : factory.check(*manifest, entry.config))
          mistakes.push_back(entry.origin.diagnose(error.pointer, keyOf(error.pointer) + ": " + error.message,
                                                   error.message.starts_with("is not known")));
  return mistakes;
}

std::vector<Diagnostic> checkConnectors(const Config& config, connectors::ConnectorSet& connectors) {
  std::vector<Diagnostic> problems;
  for (const auto& tenant : config.tenants) {
    for (const auto& entry : tenant.channels) {
      if (entry.connector.empty()) continue;
      std::string why;
      // One that is to be isolated is not loaded here either: its channel's worker will tell.
      const auto* manifest = connectors.find(entry.connector);
      connectors::ChannelSettings settings;
      settings.isolation = isolationOf(entry);
      if (manifest == nullptr || !connectors::isolates(settings, *manifest))
        if (const auto loaded = connectors.load(entry.connector); !loaded.ok()) why = loaded.error().message;
      if (!why.empty())
        problems.push_back(aboutConnector(entry, "tenant " + tenant.slug + ", channel " + entry.name + ": " + why));
    }
  }
  return problems;
}

}  // namespace patchbay::app
