#include "connectors/channel_factory.hpp"

#include <cstdlib>
#include <filesystem>

#include "base/log.hpp"
#include "connectors/channel_config.hpp"
#include "connectors/library.hpp"
#include "connectors/worker/worker_instance.hpp"

namespace patchbay::connectors {
namespace {

std::optional<std::string> processEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Error badConfig(const std::string& who, std::vector<FieldError> fields) {
  std::string message = who + ": ";
  for (std::size_t i = 0; i < fields.size(); ++i)
    message += (i == 0 ? "" : "; ") + (fields[i].pointer.empty() ? "config" : "'" + fields[i].pointer.substr(1) + "'") +
               " " + fields[i].message;
  return {ErrorKind::kInvalid, "bad_channel_config", std::move(message), std::move(fields)};
}

/// One FieldError for each path that could not be guarded. A channel that polls instead does without such a path.
std::vector<FieldError> checkSignatures(const Manifest& manifest, const std::shared_ptr<const Secrets>& secrets,
                                        const Json& config, const std::string& url,
                                        const std::vector<std::string>& egress_allow, const std::string& legacy_url,
                                        std::vector<std::unique_ptr<Verifier>>* verifiers) {
  std::vector<FieldError> errors;
  const bool polls_instead = !manifest.poll_when.empty() && manifest.polls(config);
  for (const auto& path : manifest.webhooks) {
    // The URL of old has no place for a suffix.
    const bool legacy = path.suffix.empty() && !legacy_url.empty() && !manifest.platform.empty();
    auto verifier = Verifier::make(path, secrets, config, url, egress_allow,
                                   legacy ? legacy_url + manifest.platform : std::string());
    if (!verifier && polls_instead) continue;
    if (!verifier)
      errors.push_back({"", verifier.error().message});
    else if (verifiers != nullptr)
      verifiers->push_back(std::move(*verifier));
  }
  return errors;
}

}  // namespace

bool isolates(const ChannelSettings& settings, const Manifest& manifest) {
  return settings.isolation == Isolation::kDefault ? manifest.isolate : settings.isolation == Isolation::kWorker;
}

ChannelFactory::ChannelFactory(ConnectorSet& connectors, Options options)
    : connectors_(connectors), options_(std::move(options)) {
  if (!options_.environment) options_.environment = processEnvironment;
  if (!options_.nonce) options_.nonce = crypto::hexEncode(crypto::randomBytes(16));
}

std::vector<FieldError> ChannelFactory::check(const Manifest& manifest, const Json& config) const {
  auto complete = readChannelConfig(manifest, config, options_.environment);
  if (!complete.errors.empty()) return complete.errors;
  return checkSignatures(manifest, std::make_shared<Secrets>(std::move(complete.secrets), *options_.nonce),
                         complete.values, {}, {}, {}, nullptr);
}

Result<std::shared_ptr<Channel>> ChannelFactory::create(ChannelSettings settings) {
  const auto entry = connectors_.locate(settings.connector);
  if (!entry) return entry.error();
  const bool isolated = isolates(settings, *(*entry)->manifest);
  // Not one instruction of a library that is to be isolated runs here.
  std::shared_ptr<Library> library;
  std::shared_ptr<const Manifest> known;
  if (isolated) {
    known = std::make_shared<Manifest>(*(*entry)->manifest);
  } else {
    auto loaded = connectors_.load(settings.connector);
    if (!loaded) return loaded.error();
    library = std::move(*loaded);
    known = {library, &library->manifest()};
  }
  const auto& manifest = *known;
  const auto who = settings.tenant + "/" + settings.name;
  const std::string tenant = settings.tenant, name = settings.name;
  const log::Scope scope({.tenant = tenant, .channel = name});

  auto config = readChannelConfig(manifest, settings.config, options_.environment);
  if (!config.errors.empty()) return badConfig(who, std::move(config.errors));
  for (const auto& [key, live] : config.secrets)
    for (const auto& value : live) log::addSecret(value);

  auto channel = std::shared_ptr<Channel>(new Channel);
  channel->manifest_ = known;
  channel->isolated_ = isolated;
  channel->secrets_ = std::make_shared<Secrets>(config.secrets, *options_.nonce);
  for (const auto& [key, live] : config.secrets) config.values[key] = channel->secrets_->marker(key);
  settings.config = std::move(config.values);
  if (auto errors = checkSignatures(manifest, channel->secrets_, settings.config, settings.webhook_url,
                                    settings.egress_allow, settings.legacy_url, &channel->verifiers_);
      !errors.empty())
    return badConfig(who, std::move(errors));
  for (const auto& verifier : channel->verifiers_)
    if (verifier->scheme().kind == SignatureScheme::Kind::kNone)
      log::warn("connectors", "webhooks of this channel carry no signature: anyone who knows the URL can post messages",
                {{"path", verifier->path().suffix}});
  if (!settings.stats) settings.stats = std::make_shared<ChannelStats>();
  channel->settings_ = std::move(settings);

  const auto& given = channel->settings_;
  const auto context = dumpJson({{"config", given.config},
                                 {"tenant", given.tenant},
                                 {"channel", given.name},
                                 {"webhook_url", given.webhook_url}});
  TurnContext turn_context;
  turn_context.now = now();
  turn_context.budget = std::chrono::seconds{10};
  auto created = isolated ? createInWorker(options_.worker, std::filesystem::absolute((*entry)->path).string(),
                                           manifest, who, context, turn_context)
                          : createInProcess(std::move(library), who, context, turn_context);
  const auto& turn = created.turn;
  channel->instance_ = std::move(created.instance);
  for (const auto& diagnostic : turn.diagnostics)
    if (turn.ok()) log::info("connector", diagnostic.text, {{"code", diagnostic.code}});
  if (turn.ok() && channel->polls() && !channel->instance_->has(TurnKind::kPoll))
    return Error{ErrorKind::kInvalid, "bad_connector",
                 who + ": the manifest of connector '" + manifest.id + "' says that it polls, and it has no poll()"};
  if (turn.ok()) return channel;

  std::vector<FieldError> fields;
  for (const auto& diagnostic : turn.diagnostics)
    if (diagnostic.severity >= PB_WARNING && diagnostic.pointer.starts_with("/config/"))
      fields.push_back({diagnostic.pointer.substr(7), diagnostic.text});
  return Error{ErrorKind::kInvalid, "bad_channel_config",
               who + ": connector '" + manifest.id +
                   (isolated && turn.status == PB_BUG
                        ? "' cannot be started in a worker: "
                        : "' refused its configuration (" + std::string{statusName(turn.status)} + "): ") +
                   turn.error,
               std::move(fields)};
}

}  // namespace patchbay::connectors
