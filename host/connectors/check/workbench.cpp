#include "connectors/check/workbench.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/text.hpp"
#include "connectors/check/compare.hpp"
#include "connectors/library.hpp"
#include "connectors/signature/ecdsa.hpp"

namespace patchbay::connectors::check {
namespace {

constexpr int kMaxForbidden = 5;

bool forbids(const std::string& error) {
  return error.find("tried the system call") != std::string::npos;
}

/// Index of the first effect that is not the same in both.
std::optional<std::size_t> firstDifference(const std::vector<Effect>& a, const std::vector<Effect>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    if (i >= a.size() || i >= b.size() || a[i].kind != b[i].kind || a[i].text != b[i].text) return i;
  return std::nullopt;
}

std::string describe(const std::vector<Effect>& effects, std::size_t at) {
  return at < effects.size() ? effects[at].kind + " " + brief(effects[at].text) : "not there";
}

constexpr const char* kWebhookUrl = "https://patchbay.example/api/v1/webhooks/check/check";

/// scheme://host[:port] of a URL, lower case, with the default port written out; empty when it is not one.
struct Origin {
  std::string scheme, host, port;
  friend bool operator==(const Origin&, const Origin&) = default;
};

Origin originOf(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  Origin origin;
  origin.scheme = lowerAscii(url.substr(0, colon));
  auto authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return {};  // no provider needs it, and it hides the real host
  const auto end = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const auto port = authority.find(':', end == std::string_view::npos ? 0 : end);
  origin.host = lowerAscii(authority.substr(0, port));
  origin.port = port == std::string_view::npos ? (origin.scheme == "http" ? "80" : "443")
                                               : std::string{authority.substr(port + 1)};
  return origin.host.empty() ? Origin{} : origin;
}

}  // namespace

std::string nameOf(Rule rule) {
  switch (rule) {
    case Rule::kSame:
      return "determinism: the same turn twice has the same effects, byte for byte";
    case Rule::kSecrets:
      return "secrets: none in an effect";
    case Rule::kEgress:
      return "egress: requests go to hosts that the manifest names";
    case Rule::kAgain:
      return "steps: the same when they are made again";
    case Rule::kSystemCalls:
      return "system calls: none beyond memory and the clock";
    case Rule::kWorker:
      return "worker: the same effects as in process, byte for byte";
  }
  return {};
}

Workbench::Workbench(const std::string& library, const Json& config) {
  connectors_ = std::make_unique<ConnectorSet>(std::vector{library}, "");  // loads once, so nothing is ever copied
  const auto& entry = connectors_->entries().at(0);
  if (!entry.manifest) throw std::runtime_error(entry.error);
  ChannelFactory::Options options;
  options.environment = [](const std::string&) { return std::nullopt; };
  options.nonce = "";
  options.worker.delay = {};
  options.worker.quiet = true;
  ChannelFactory factory(*connectors_, options);
  ChannelSettings settings;
  settings.tenant = settings.name = "check";
  settings.connector = entry.manifest->id;
  settings.webhook_url = kWebhookUrl;
  settings.config = config;
  for (const auto& path : entry.manifest->webhooks)
    for (const auto& scheme : path.signatures)
      if (scheme.kind == SignatureScheme::Kind::kEcdsa && config.contains(scheme.key))
        settings.config[scheme.key] = ecdsaCheckKey().public_key;  // whose private half signs here
  auto isolated = settings;
  isolated.isolation = Isolation::kWorker;
  settings.isolation = Isolation::kProcess;
  if (auto channel = factory.create(std::move(isolated)); channel)
    isolated_ = *channel;
  else
    complain(forbids(channel.error().message) ? Rule::kSystemCalls : Rule::kWorker, channel.error().message);
  auto channel = factory.create(std::move(settings));
  if (!channel) throw std::runtime_error(channel.error().message);
  channel_ = *channel;
  for (const auto& key : channel_->manifest().config_keys)
    for (const auto& value : channel_->secrets().values(key.name)) secrets_.push_back(value);
  context_.now = *parseRfc3339("2026-01-05T10:00:00Z");
  // Generous: a busy machine is no fault of the connector. Loops without end are what the case's own limit is for.
  context_.budget = std::chrono::seconds{10};
  context_.attempt = 1;
  context_.trace_id = "check";
  for (std::size_t i = 0; i < context_.random.size(); ++i) context_.random[i] = static_cast<std::uint8_t>(i * 7 + 1);
}

void Workbench::complain(Rule rule, std::string what) {
  const auto same = [&](const Complaint& known) { return known.rule == rule && known.text == what; };
  if (std::none_of(complaints_.begin(), complaints_.end(), same)) complaints_.push_back({rule, std::move(what)});
}

std::optional<Turn> Workbench::inWorker(const Call& call, std::vector<Effect>& effects) {
  if (!isolated_) return std::nullopt;
  const auto failures = [this] {
    const auto stats = *isolated_->workerStats();
    return stats.crashes + stats.overruns + stats.violations;
  };
  const auto before = failures();
  auto context = context_;
  context.record = &effects;
  auto turn = call(*isolated_, context);
  if (failures() == before) return turn;
  if (!forbids(turn.error)) throw WorkerDied(turn.error);
  complain(Rule::kSystemCalls, turn.error);
  if (++forbidden_ == kMaxForbidden) isolated_.reset();  // it is known by now
  return std::nullopt;
}

Turn Workbench::thrice(const Call& call) {
  std::vector<Effect> there, again;
  const auto worker = inWorker(call, there);
  auto context = context_;
  effects_.clear();
  context.record = &effects_;
  auto turn = call(*channel_, context);
  context.record = &again;
  const auto second = call(*channel_, context);
  if (turn.status != second.status || firstDifference(effects_, again))
    complain(Rule::kSame,
             "the same turn, run twice, had different effects: a turn may depend on its input, the configuration and "
             "pb_call alone");
  else if (worker && worker->status != turn.status)
    complain(Rule::kWorker, "in a worker the turn returned " + std::string{statusName(worker->status)} +
                                (worker->error.empty() ? "" : " (" + worker->error + ")") + ", in this process " +
                                std::string{statusName(turn.status)});
  else if (const auto at = worker ? firstDifference(there, effects_) : std::nullopt)
    complain(Rule::kWorker, "in a worker effect " + std::to_string(*at + 1) + " of the turn is " +
                                describe(there, *at) + ", in this process " + describe(effects_, *at) +
                                ": a worker has no environment, no files and nothing else of the host's process");
  inspect(turn);
  return turn;
}

Turn Workbench::receive(const UnsignedWebhook& webhook) {
  const Webhook view{webhook.method, webhook.suffix, webhook.query, &webhook.headers, webhook.body};
  return thrice([&](Channel& channel, const TurnContext& context) { return channel.receive(view, context); });
}

Turn Workbench::perform(const Json& operation) {
  auto turn = thrice([&](Channel& channel, const TurnContext& context) { return channel.perform(operation, context); });
  makeAgain(operation, turn);
  return turn;
}

Turn Workbench::resume(const Json& operation, const std::string& carry, const std::vector<Answer>& answers) {
  auto turn = thrice(
      [&](Channel& channel, const TurnContext& context) { return channel.resume(operation, carry, answers, context); });
  makeAgain(operation, turn);
  return turn;
}

void Workbench::makeAgain(const Json& operation, const Turn& turn) {
  const bool polling = operation.is_object() && operation.value("kind", Json{}) == "poll";
  if (polling || turn.requests.empty() || !turn.carry) return;  // without a carry the host calls perform() again
  const auto again = channel_->resume(operation, *turn.carry, {}, context_);
  if (!again.ok())
    complain(Rule::kAgain, "the step cannot be made again: resume with its carry and without responses returned " +
                               std::string{statusName(again.status)} + ": " + again.error);
  else if (again.requests != turn.requests)
    complain(Rule::kAgain, "the step, made again (resume with its carry and without responses), has other requests: " +
                               std::to_string(turn.requests.size()) + ", the first " + brief(turn.requests[0]) +
                               "; then " + std::to_string(again.requests.size()) +
                               (again.requests.empty() ? "" : ", the first " + brief(again.requests[0])));
}

Turn Workbench::poll(const std::string& cursor) {
  return thrice([&](Channel& channel, const TurnContext& context) { return channel.poll(cursor, context); });
}

void Workbench::inspect(const Turn& turn) {
  for (const auto& effect : effects_)
    for (const auto& secret : secrets_)
      if (secret.size() >= 6 && effect.text.find(secret) != std::string::npos)
        complain(Rule::kSecrets,
                 "the value of a secret is in the effect '" + effect.kind + "': use the marker from the configuration");
  for (const auto& request : turn.requests) {
    for (const auto& entry : request.value("auth", Json::array()))
      for (const char* member : {"key", "user", "password", "access_key", "secret_key", "session_token"})
        if (const auto name = entry.value(member, ""); !name.empty() && channel_->manifest().configKey(name) == nullptr)
          complain(Rule::kSecrets, "auth names '" + name + "', which is not a key of the manifest's config");
    const auto url = request["url"].get<std::string>();
    if (!mayGo(url, channel_->manifest(), channel_->settings().config) && request.value("into", "") != "blob")
      complain(Rule::kEgress, "a request goes to " + url + ", which the manifest's egress does not name");
  }
}

std::vector<Json> Workbench::documents(std::string_view kind) const {
  std::vector<Json> found;
  for (const auto& effect : effects_) {
    if (effect.kind != kind) continue;
    try {
      found.push_back(parseJsonLoosely(effect.text));
    } catch (const JsonError& error) {
      found.push_back(std::string{"not JSON: "} + error.what());
    }
  }
  return found;
}

bool mayGo(const std::string& url, const Manifest& manifest, const Json& config) {
  const auto origin = originOf(url);
  if (origin.host.empty()) return false;
  return std::any_of(manifest.egress.begin(), manifest.egress.end(), [&](const Egress& rule) {
    if (!rule.config_key.empty()) {
      const auto value = config.find(rule.config_key);
      return value != config.end() && value->is_string() && originOf(value->get_ref<const std::string&>()) == origin;
    }
    if (origin.scheme != "https" || origin.port != "443") return false;
    const auto pattern = rule.hostIn(config);
    return pattern.starts_with("*.")
               ? origin.host.size() > pattern.size() - 1 && origin.host.ends_with(pattern.substr(1))
               : origin.host == pattern;
  });
}

Json inventConfig(const Manifest& manifest, std::string& why) {
  static const std::vector<Json> guesses = {"check-text",
                                            "1234567890",
                                            "check",
                                            "https://check.example",
                                            "check@patchbay.example",
                                            "+15550100",
                                            "v1.0",
                                            "ABCDEFGH12345678",
                                            "0123456789abcdef0123456789abcdef",
                                            1,
                                            true,
                                            Json::array({"check"}),
                                            Json::object()};
  Json config = Json::object();
  const auto& document = manifest.config.document();
  for (const auto& name : document.value("required", Json::array())) {
    const auto* key = manifest.configKey(name.get<std::string>());
    if (key == nullptr) continue;
    if (key->schema.contains("default")) continue;
    const JsonSchema schema(document, "/properties/" + escapePointer(key->name));
    auto candidates = guesses;
    if (key->schema.contains("enum")) candidates = key->schema["enum"].get<std::vector<Json>>();
    const auto fits = std::find_if(candidates.begin(), candidates.end(),
                                   [&](const Json& guess) { return schema.validate(guess).empty(); });
    if (fits == candidates.end()) {
      why = "'" + key->name + "' has a form that cannot be guessed";
      return nullptr;
    }
    config[key->name] = *fits;
  }
  // What webhooks need to be verified need not be `required`.
  for (const auto& path : manifest.webhooks)
    for (const auto& scheme : path.signatures)
      for (const auto& key : scheme.keys())
        if (!config.contains(key)) config[key] = "check-text";
  return config;
}

}  // namespace patchbay::connectors::check
