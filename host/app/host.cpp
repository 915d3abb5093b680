#include "app/host.hpp"

#include <Poco/ErrorHandler.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>

#include "api/api.hpp"
#include "api/api_keys.hpp"
#include "api/legacy_errors.hpp"
#include "app/channels.hpp"
#include "app/config_watch.hpp"
#include "app/issuer_keys.hpp"
#include "app/observer.hpp"
#include "app/overdue_turns.hpp"
#include "app/public_fetch.hpp"
#include "app/reload.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "db/cluster/cluster.hpp"
#include "delivery/channel_desk.hpp"
#include "delivery/dispatcher.hpp"
#include "delivery/poller.hpp"
#include "edge/internal_server.hpp"
#include "edge/server.hpp"
#include "inbox/channel_activity.hpp"
#include "inbox/ingest.hpp"
#include "inbox/service.hpp"
#include "media/links.hpp"
#include "media/repository.hpp"
#include "media/store.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::app {
namespace {

constexpr db::Statement kPing{"ready.ping", "SELECT 1"};
constexpr std::chrono::milliseconds kWatch{1000};  // how often the embedded database is looked after

sigset_t stopSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

api::AuthSettings authSettings(const Config& config) {
  api::AuthSettings settings;
  settings.secret =
      config.auth.jwt_secret.empty() ? api::loadOrCreateJwtSecret(config.data_dir) : config.auth.jwt_secret;
  settings.rules.issuer = config.auth.issuer;
  settings.rules.audience = config.auth.audience;
  settings.roles = config.auth.roles;
  log::addSecret(settings.secret);
  return settings;
}

/// What escapes a thread of Poco's (the internal listener's) is said in the log, not swallowed.
class LogEscaped final : public Poco::ErrorHandler {
  void exception(const Poco::Exception& error) override { say(error.displayText()); }
  void exception(const std::exception& error) override { say(error.what()); }
  void exception() override { say("of an unknown kind"); }
  static void say(const std::string& reason) { log::warn("host", "an exception ended a task", {{"reason", reason}}); }
};

/// The blocked signals, one at a time.
class Signals {
 public:
  Signals() : descriptor_(::signalfd(-1, set(), SFD_CLOEXEC | SFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
  }
  ~Signals() { ::close(descriptor_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// @param other  a descriptor that ends the wait when it is readable; -1: none
  /// @return the signal, or 0 after `timeout` or for `other`
  int wait(int other, std::chrono::milliseconds timeout) const {
    pollfd wanted[] = {{descriptor_, POLLIN, 0}, {other, POLLIN, 0}};
    ::poll(wanted, 2, static_cast<int>(timeout.count()));  // poll() skips a descriptor of -1
    signalfd_siginfo signal{};
    return ::read(descriptor_, &signal, sizeof signal) == sizeof signal ? static_cast<int>(signal.ssi_signo) : 0;
  }

 private:
  static const sigset_t* set() {
    static const sigset_t signals = stopSignals();
    return &signals;
  }
  const int descriptor_;
};

/// The parts in the order in which they come up; they go down in the opposite one.
class Host {
 public:
  Host(const LoadedConfig& loaded, std::function<LoadedConfig()> load_again)
      : Host(loaded, loaded.config, load_again) {}

  Host(const LoadedConfig& loaded, const Config& config, std::function<LoadedConfig()> load_again)
      : config_(config),
        cluster_(startCluster(config)),
        connection_{.url = cluster_ ? cluster_->connectionString() : config.database.url,
                    .statement_timeout = config.database.statement_timeout},
        reads_(connection_, config.database.read_connections),
        tenants_(reads_),
        loader_((config.data_dir / "connectors").string()),
        connectors_(config.connector_paths, loader_),
        lanes_(migrated(), {}, config.database.lanes),
        ingest_(lanes_),
        service_(lanes_, reads_, findChannel()),
        media_(config.data_dir / "media"),
        links_(config.data_dir / "media"),
        http_(std::make_unique<delivery::HttpClient>(httpOptions(), &media_)),
        dispatcher_(std::make_unique<delivery::Dispatcher>(dispatcherOptions(), dispatcherParts())),
        poller_(std::make_unique<delivery::Poller>(pollerOptions(), pollerParts())),
        desk_(std::make_unique<delivery::ChannelDesk>(delivery::ChannelDesk::Options{}, deskParts())),
        issuer_(config.auth.jwks_url.empty()
                    ? nullptr
                    : std::make_unique<api::Jwks>(api::Jwks::Options{}, fetchKeysFrom(config.auth.jwks_url, *http_))),
        authenticator_(authSettings(config), api::findApiKeyIn(reads_), issuer_.get()),
        router_(routerDependencies()),
        server_(std::make_unique<edge::Server>(edgeOptions(), router_)),
        reload_(loaded, reloadParts(std::move(load_again))) {
    service_.onQueued([this] { dispatcher_->wake(); });
    observer_ = std::make_unique<Observer>(observed());
    if (config.internal.enabled) internal_.emplace(config.internal.host, config.internal.port, router_);
    if (internal_) internal_port_ = internal_->port();
    log::info("host", "ready",
              {{"version", kVersion},
               {"public", config.http.host + ":" + std::to_string(server_->port())},
               {"internal", internal_ ? config.internal.host + ":" + std::to_string(internal_->port()) : "off"},
               {"channels", channels_.now()->size()},
               {"data", config.data_dir.string()}});
  }

  /// Until SIGTERM, SIGINT or SIGQUIT.
  void serve() {
    const Signals signals;
    watchFile();
    auto look = ConfigWatch::Clock::now() + kWatch;
    for (;;) {
      const int signal = signals.wait(watch_ ? watch_->descriptor() : -1, untilNext());
      if (signal == SIGHUP) {
        reload("SIGHUP");
      } else if (signal > 0) {
        log::info("host", "stopping", {{"signal", strsignal(signal)}});
        return;
      }
      lookAtFile();
      if (cluster_ && ConfigWatch::Clock::now() >= look) {
        lookAfterCluster();
        look = ConfigWatch::Clock::now() + kWatch;
      }
    }
  }

  void stop() {
    stopping_ = true;  // whoever still has a connection, and the internal listener, may know
    server_->stop(config_.http.drain);
    internal_.reset();
    router_.stop();
    desk_->stop();
    poller_->stop();      // before the dispatcher: what it stores may lead to requests
    dispatcher_->stop();  // what is under way is recorded; the rest goes on at the next start
    http_->stop();        // likewise what webhooks have asked for
    lanes_.stop();        // while those that their jobs answer to are still there
    log::info("host", "stopped");
  }

 private:
  static std::optional<db::Cluster> startCluster(const Config& config) {
    if (!config.database.url.empty()) return std::nullopt;
    return db::Cluster::start(
        {.data_dir = config.data_dir, .binaries = config.database.binaries, .user = config.database.user});
  }

  void lookAfterCluster() {
    try {
      cluster_->ensureRunning();
    } catch (const std::exception& error) {
      log::error("host", "the embedded database does not start", {{"reason", error.what()}});
    }
  }

  /// Brings the database to this version before the first lane writes.
  const db::Connection::Options& migrated() {
    tenants_.migrateAll();
    for (const auto& tenant : config_.tenants) makeTenant(tenant);
    channels_.replace(startChannels(config_, connectors_));
    return connection_;
  }

  void makeTenant(const TenantConfig& tenant) {
    const auto made = tenants_.initialize({}, tenant.slug, tenant.name);
    if (!made.ok()) throw std::runtime_error(made.error().message);
  }

  void reload(std::string_view cause) {
    if (!config_.http.tls_certificate.empty()) server_->reloadCertificate();
    if (watch_) watch_->seen();  // before it is read: what is written from here on is another change
    if (reload_.run(cause) && watch_) watch_->setConnectors(reload_.running().config.connector_paths);
  }

  void watchFile() {
    if (config_.file.empty()) return;
    try {
      watch_.emplace(config_.file, config_.connector_paths);
    } catch (const std::exception& error) {
      log::warn("config", "changes of the file are not seen; SIGHUP applies them", {{"reason", error.what()}});
    }
  }

  void lookAtFile() {
    if (!watch_) return;
    watch_->take();
    const bool due = watch_->due() && *watch_->due() <= ConfigWatch::Clock::now();
    if (due && watch_->changed() && reload_.running().config.reload) reload("a file has changed");
  }

  std::chrono::milliseconds untilNext() const {
    if (!watch_ || !watch_->due()) return kWatch;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*watch_->due() - ConfigWatch::Clock::now());
    return std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(0), kWatch);
  }

  Reload::Parts reloadParts(std::function<LoadedConfig()> load_again) {
    return {.load = std::move(load_again),
            .loader = &loader_,
            .channels = &channels_,
            .make_tenant = [this](const TenantConfig& tenant) { makeTenant(tenant); },
            .apply = [this](const Config& next) { apply(next); }};
  }

  /// What takes effect without a restart, beside the channels.
  void apply(const Config& next) {
    log::setLevel(next.log_level);
    dispatcher_->wake();  // for messages that have waited for a channel
    poller_->wake();
  }

  inbox::FindChannel findChannel() {
    return [this](std::string_view tenant, std::string_view name) { return channels_.now()->find(tenant, name); };
  }

  delivery::HttpClient::Options httpOptions() const {
    delivery::HttpClient::Options options;
    options.timeout = config_.delivery.timeout;
    options.user_agent = std::string("Patchbay/") + kVersion;
    return options;
  }

  delivery::Dispatcher::Options dispatcherOptions() const {
    delivery::Dispatcher::Options options;
    options.connection = connection_;
    options.max_sends = config_.delivery.max_in_flight;
    options.retry.max_attempts = static_cast<int>(config_.delivery.retry.attempts);
    options.retry.first = config_.delivery.retry.base;
    options.retry.longest = config_.delivery.retry.max;
    options.breaker.failures = static_cast<int>(config_.delivery.breaker.failures);
    options.breaker.open = config_.delivery.breaker.open;
    options.breaker.longest = config_.delivery.breaker.longest;
    return options;
  }

  delivery::Dispatcher::Parts dispatcherParts() {
    return {.lanes = &lanes_,
            .reads = &reads_,
            .http = http_.get(),
            .store = &media_,
            .links = &links_,
            .channels = [this] { return channels_.now()->enabled(); },
            .on_events =
                [this](const std::shared_ptr<connectors::Channel>& channel, std::vector<connectors::Event> events,
                       const std::function<void(bool)>& stored) {
                  if (!ingest_.submit(channel, std::move(events), stored)) stored(false);
                }};
  }

  delivery::Poller::Options pollerOptions() const {
    delivery::Poller::Options options;
    options.connection = connection_;
    // Polls wait long, and often at the server that sends go to: they leave half of the connections free.
    options.max_in_flight = std::max<std::size_t>(config_.delivery.max_in_flight / 2, 1);
    return options;
  }

  delivery::Poller::Parts pollerParts() {
    return {.ingest = &ingest_,
            .http = http_.get(),
            .store = &media_,
            .channels = [this] { return channels_.now()->enabled(); },
            .find_owner = [this](const std::shared_ptr<connectors::Channel>& channel,
                                 std::string_view account) { return channels_.now()->findOwner(channel, account); },
            .paused_until = [this](const connectors::Channel& channel) { return dispatcher_->pausedUntil(channel); },
            .pause = [this](const connectors::Channel& channel,
                            const auto& throttles) { dispatcher_->pause(channel, throttles); },
            .queued = [this] { dispatcher_->wake(); }};
  }

  delivery::ChannelDesk::Parts deskParts() {
    return {.lanes = &lanes_,
            .reads = &reads_,
            .http = http_.get(),
            .find_channel = findChannel(),
            .paused_until = [this](const connectors::Channel& channel) { return dispatcher_->pausedUntil(channel); },
            .heed =
                [this](const std::shared_ptr<connectors::Channel>& channel, const delivery::Ending& ending) {
                  dispatcher_->pause(*channel, ending.throttles);
                  if (!ending.events.empty()) ingest_.submit(channel, ending.events, [](bool) {});
                }};
  }

  std::vector<api::ChannelEntry> listChannels(const std::string& tenant) const {
    std::vector<api::ChannelEntry> list;
    for (auto& entry : channels_.now()->list(tenant))
      list.push_back({entry.name, entry.connector, entry.channel, entry.reason});
    return list;
  }

  api::Dependencies routerDependencies() {
    std::vector<std::string> platforms;
    for (const auto& entry : connectors_.entries())
      if (entry.manifest) platforms.push_back(entry.manifest->platform);
    return {.inbox = service_,
            .ingest = ingest_,
            .tenants = tenants_,
            .authenticator = authenticator_,
            .find_channel = findChannel(),
            .is_off = [this](std::string_view tenant,
                             std::string_view name) { return channels_.now()->isOff(tenant, name); },
            .find_legacy_channel = [this](std::string_view platform) { return channels_.now()->findLegacy(platform); },
            .read_media = [this](const std::string& tenant,
                                 const std::string& sha256) { return readMedia(tenant, sha256); },
            .read_media_link = [this](const std::string& token) { return readMediaLink(token); },
            .desk = desk_.get(),
            .list_channels = [this](const std::string& tenant) { return listChannels(tenant); },
            .channel_activity = [this](const std::string& tenant) { return inbox::channelActivity(reads_, tenant); },
            .find_owner = [this](const std::shared_ptr<connectors::Channel>& channel,
                                 std::string_view account) { return channels_.now()->findOwner(channel, account); },
            .effects = {.keep = [this](auto blobs, auto done) { dispatcher_->keep(std::move(blobs), std::move(done)); },
                        .throttle = [this](const auto& channel,
                                           const auto& throttles) { dispatcher_->throttle(channel, throttles); },
                        .queued = [this] { dispatcher_->wake(); },
                        .fetch = [this](const auto& channel, const auto& page,
                                        auto done) { fetchPublic(*http_, channel, page, std::move(done)); }},
            .readiness = [this] { return publicReadiness(); },
            .metrics = [this] { return observer_->metrics(); },
            .status = [this] { return observer_->status(); },
            .version = kVersion,
            .platforms = std::move(platforms),
            .legacy_errors = config_.api.legacy_errors,
            .worker_threads = config_.http.worker_threads,
            .max_body = config_.http.api_body_limit,
            .max_webhook = config_.http.webhook_body_limit,
            .rates = rateBudgets()};
  }

  api::RateBudgets rateBudgets() const {
    api::RateBudgets budgets;
    for (std::size_t i = 0; i < budgets.size(); ++i)
      budgets[i] = {config_.api.rate_limits[i].requests, config_.api.rate_limits[i].per};
    return budgets;
  }

  Observed observed() {
    return {.version = kVersion,
            .embedded = cluster_.has_value(),
            .listeners = [this] { return listeners(); },
            .server = server_.get(),
            .router = &router_,
            .lanes = &lanes_,
            .reads = &reads_,
            .dispatcher = dispatcher_.get(),
            .authenticator = &authenticator_,
            .issuer = issuer_.get(),
            .readiness = [this] { return fullReadiness(); },
            .tenants = [this] { return channels_.now()->tenants(); },
            .channels = [this] { return channels_.now()->states(); },
            .isolated = [this] { return channels_.now()->workerStats(); }};
  }

  std::vector<ListenerState> listeners() const {
    const auto stats = server_->stats();
    const auto expiry = stats.tls ? std::optional(Timestamp{std::chrono::seconds{stats.tls_not_after}}) : std::nullopt;
    std::vector<ListenerState> all{{"public", config_.http.host, server_->port(), stats.tls, expiry}};
    if (config_.internal.enabled)
      all.push_back({"internal", config_.internal.host, internal_port_.load(), false, std::nullopt});
    return all;
  }

  Result<api::MediaFile> readMedia(const std::string& tenant, const std::string& sha256) {
    const auto file = media::Repository(media_, reads_).find(tenant, sha256);
    if (!file.ok()) return file.error();
    std::ifstream in(file->path, std::ios::binary);
    api::MediaFile read{file->mime_type, file->filename, {std::istreambuf_iterator<char>(in), {}}};
    if (!in.good() && !in.eof()) throw std::runtime_error("cannot read " + file->path.string());
    return read;
  }

  Result<api::MediaFile> readMediaLink(const std::string& token) {
    const auto target = links_.open(token, now());
    if (!target) return Error{ErrorKind::kNotFound, "media_not_found", "This link is not valid, or not any more."};
    return readMedia(target->tenant, target->sha256);
  }

  api::Readiness readiness() {
    api::Readiness answer;
    if (stopping_) answer.reasons.emplace_back("the host is stopping");
    try {
      reads_.lease()->execute(kPing);
    } catch (const std::exception& error) {
      answer.reasons.push_back(std::string("database: ") + error.what());
    }
    return answer;
  }

  std::vector<std::string> overdue() const {
    return overdueTurns(channels_.now()->states(), std::chrono::steady_clock::now());
  }

  /// For everybody: names nobody's channel.
  api::Readiness publicReadiness() {
    auto answer = readiness();
    if (!overdue().empty()) answer.reasons.emplace_back("a connector does not return; `patchbay status` says which");
    return answer;
  }

  api::Readiness fullReadiness() {
    auto answer = readiness();
    for (auto& why : overdue()) answer.reasons.push_back(std::move(why));
    return answer;
  }

  edge::ServerOptions edgeOptions() const {
    const HttpConfig& http = config_.http;
    edge::ServerOptions options;
    options.host = http.host;
    options.port = http.port;
    options.io_threads = http.io_threads;
    options.header_deadline = http.header_timeout;
    options.idle = http.idle_timeout;
    options.max_connections = http.max_connections;
    options.max_connections_per_address = http.max_connections_per_address;
    options.body_budget = http.body_budget;
    options.min_body_rate = http.min_body_rate;
    options.trusted_proxies = http.trusted_proxies;
    const auto seconds = [](std::chrono::milliseconds time) { return std::chrono::floor<std::chrono::seconds>(time); };
    options.cors = {http.cors_origins, seconds(http.cors_max_age)};
    options.access_log = {http.access_log, http.access_log_skip};
    if (!http.tls_certificate.empty()) options.tls = edge::TlsFiles{http.tls_certificate, http.tls_key};
    options.hsts = seconds(http.hsts);
    if (config_.api.legacy_errors) options.restyle = api::toLegacyError;
    return options;
  }

  const Config& config_;  // of the start; the running one: reload_.running()
  std::optional<db::Cluster> cluster_;
  db::Connection::Options connection_;
  db::Pool reads_;
  tenancy::Tenants tenants_;
  connectors::Loader loader_;
  connectors::ConnectorSet connectors_;  // as found at the start
  LiveChannels channels_;
  db::Lanes lanes_;
  inbox::Ingest ingest_;
  inbox::Service service_;
  media::Store media_;
  media::Links links_;
  std::unique_ptr<delivery::HttpClient> http_;
  std::unique_ptr<delivery::Dispatcher> dispatcher_;
  std::unique_ptr<delivery::Poller> poller_;
  std::unique_ptr<delivery::ChannelDesk> desk_;
  std::unique_ptr<api::Jwks> issuer_;  // null: none is configured
  api::Authenticator authenticator_;
  api::Router router_;
  std::unique_ptr<edge::Server> server_;
  std::unique_ptr<Observer> observer_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint16_t> internal_port_{0};
  std::optional<edge::InternalServer> internal_;
  Reload reload_;
  std::optional<ConfigWatch> watch_;
};

}  // namespace

void blockSignals() {
  const sigset_t signals = stopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int runHost(const LoadedConfig& loaded, std::function<LoadedConfig()> load_again) {
  static LogEscaped escaped;  // Poco keeps it for good
  Poco::ErrorHandler::set(&escaped);
  std::filesystem::create_directories(loaded.config.data_dir);
  Host host(loaded, std::move(load_again));
  host.serve();
  host.stop();
  return 0;
}

}  // namespace patchbay::app
