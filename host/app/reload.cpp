#include "app/reload.hpp"

#include <algorithm>

#include "app/config_schema.hpp"
#include "base/log.hpp"

namespace patchbay::app {
namespace {

void tellUnusable(const connectors::ConnectorSet& connectors) {
  for (const auto& entry : connectors.entries())
    if (!entry.error.empty())
      log::error("connectors", "library is not usable", {{"file", entry.path}, {"reason", entry.error}});
}

std::string summary(const ChannelChanges& changes) {
  std::string text;
  const auto add = [&text](std::size_t count, const char* what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(changes.added, "added");
  add(changes.changed, "changed");
  add(changes.removed, "removed");
  add(changes.kept, "kept");
  add(changes.off, "off");
  return text.empty() ? "none" : text;
}

bool isNew(const TenantConfig& tenant, const Config& running) {
  return std::none_of(running.tenants.begin(), running.tenants.end(), [&tenant](const TenantConfig& known) {
    return known.slug == tenant.slug && known.name == tenant.name;
  });
}

}  // namespace

Reload::Reload(LoadedConfig running, Parts parts)
    : at_start_(running.keys), running_(std::move(running)), parts_(std::move(parts)) {}

bool Reload::refuse(const LoadedConfig& next) {
  for (const auto& error : next.errors) {
    std::string place = error.file;
    if (error.line > 0) place += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
    log::error("config", error.message, {{"at", place}});
  }
  log::error("config", "the new configuration is refused; the host goes on with the one it has",
             {{"file", next.config.file}, {"mistakes", next.errors.size()}});
  return false;
}

bool Reload::run(std::string_view cause) {
  LoadedConfig next = parts_.load();
  log::info("config", "reading the configuration again", {{"file", next.config.file}, {"cause", cause}});
  connectors::ConnectorSet connectors(next.config.connector_paths, *parts_.loader);
  next.add(checkSettings(next.config, connectors));
  if (!next.ok()) return refuse(next);

  const auto before = parts_.channels->now();
  auto channels = std::make_shared<const Channels>(next.config, connectors, before.get());
  next.add(channels->failures());
  if (!next.ok()) return refuse(next);
  try {
    for (const auto& tenant : next.config.tenants)
      if (isNew(tenant, running_.config)) parts_.make_tenant(tenant);
  } catch (const std::exception& error) {
    next.errors.push_back({next.config.file, 0, 0, std::string("a new tenant cannot be made: ") + error.what()});
    return refuse(next);
  }

  for (const auto& key : keysForRestart(at_start_, next.keys))
    log::warn("config", "this key takes effect at the next start", {{"key", key}, {"file", next.config.file}});
  const auto changes = channels->changes();
  tellUnusable(connectors);
  channels->tell();
  parts_.channels->replace(std::move(channels));
  parts_.apply(next.config);
  running_ = std::move(next);
  log::info("config", "the new configuration is in force",
            {{"file", running_.config.file}, {"channels", summary(changes)}});
  return true;
}

std::shared_ptr<const Channels> startChannels(const Config& config, connectors::ConnectorSet& connectors) {
  tellUnusable(connectors);
  auto channels = std::make_shared<const Channels>(config, connectors);
  channels->tell();
  return channels;
}

}  // namespace patchbay::app
