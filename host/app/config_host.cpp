// The sections about the host itself.
#include <array>

#include "api/authenticator.hpp"
#include "app/config_sections.hpp"
#include "app/values.hpp"
#include "base/network.hpp"

namespace patchbay::app {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::uint64_t kKiB = 1U << 10U;
constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kGiB = 1U << 30U;

template <class Value>
using Word = std::pair<std::string_view, Value>;

/// Who may ask for what, and what is written down about it.
void readCallers(Section& section, HttpConfig& http) {
  section.texts("trusted_proxies", http.trusted_proxies);
  for (const auto& network : http.trusted_proxies)
    if (!Network::parse(network))
      section.refuse(
          "trusted_proxies",
          "must be addresses or networks, as in 10.0.0.0/8 (no bits set behind the prefix), got '" + network + "'");
  Section cors = section.section("cors");
  cors.texts("origins", http.cors_origins);
  for (const auto& origin : http.cors_origins)
    if (origin != "*" && !isOrigin(origin))
      cors.refuse(
          "origins",
          "must be origins as browsers write them, as in https://app.example.org (small letters, no slash at the "
          "end, no usual port), or \"*\", got '" +
              origin + "'");
  cors.duration("max_age", http.cors_max_age, 0s, 24h);
  cors.finish();
  Section log = section.section("access_log");
  log.boolean("enabled", http.access_log);
  log.texts("skip", http.access_log_skip);
  log.finish();
}

void readTls(Section section, const std::filesystem::path& base, HttpConfig& http) {
  section.text("certificate", http.tls_certificate);
  section.text("key", http.tls_key);
  section.duration("hsts", http.hsts, 0s, 24h * 730);
  if (section.node() != nullptr) {
    section.require("certificate");
    section.require("key");
  }
  for (auto* file : {&http.tls_certificate, &http.tls_key})
    if (!file->empty()) *file = (base / *file).lexically_normal().string();
  section.finish();
}

void readHttp(Section section, const std::filesystem::path& base, HttpConfig& http) {
  section.text("host", http.host);
  section.number("port", http.port, 0, 65535);
  section.number("io_threads", http.io_threads, 1, 64);
  section.number("worker_threads", http.worker_threads, 1, 1024);
  section.number("max_connections", http.max_connections, 1, 100'000);
  section.size("body_budget", http.body_budget, kMiB, 64 * kGiB);
  section.size("api_body_limit", http.api_body_limit, kKiB, 32 * kMiB);
  section.size("webhook_body_limit", http.webhook_body_limit, kKiB, 32 * kMiB);
  section.duration("drain", http.drain, 0ms, 10min);
  section.number("max_connections_per_address", http.max_connections_per_address, 1, 100'000);
  section.duration("header_timeout", http.header_timeout, 100ms, 10min);
  section.duration("idle_timeout", http.idle_timeout, 100ms, 1h);
  section.size("min_body_rate", http.min_body_rate, 1, kMiB);
  readCallers(section, http);
  readTls(section.section("tls"), base, http);
  if (http.body_budget < std::max(http.api_body_limit, http.webhook_body_limit)) {
    section.refuse("body_budget",
                   "must hold at least one body of the largest size allowed (api_body_limit, webhook_body_limit)");
  }
  section.finish();
}

void readInternal(Section section, InternalConfig& internal) {
  section.boolean("enabled", internal.enabled);
  section.text("host", internal.host);
  section.number("port", internal.port, 0, 65535);
  section.finish();
}

void readDatabase(Section section, const std::filesystem::path& base, DatabaseConfig& database) {
  section.text("url", database.url);
  const std::string problem = databaseUrlProblem(database.url);
  if (!database.url.empty() && !problem.empty()) section.refuse("url", problem);
  section.number("lanes", database.lanes, 1, 64);
  section.number("read_connections", database.read_connections, 1, 256);
  section.duration("statement_timeout", database.statement_timeout, 100ms, 10min);
  section.text("user", database.user);
  std::string binaries;
  section.text("binaries", binaries);
  if (!binaries.empty()) database.binaries = (base / binaries).lexically_normal();
  section.finish();
}

void readRoles(Section section, std::map<std::string, std::string>& roles) {
  constexpr std::array<std::string_view, 4> kOurs = {"super_admin", "service", "tenant_admin", "tenant_user"};
  if (section.node() == nullptr) return;
  for (const auto& member : section.node()->members) {
    std::string ours;
    section.text(member.key, ours);
    if (ours.empty()) continue;  // reported
    if (std::find(kOurs.begin(), kOurs.end(), ours) == kOurs.end()) {
      section.refuse(member.key, "must be super_admin, service, tenant_admin or tenant_user, got '" + ours + "'");
    } else {
      roles[member.key] = ours;
    }
  }
}

/// Whoever can answer in the issuer's place signs tokens as he likes, so plain http is for addresses that only this
/// machine has, and for servers that the admin names.
void readJwksUrl(Section& section, std::string& out) {
  std::vector<std::string> allow;
  section.texts("egress_allow", allow);
  for (const auto& entry : allow)
    if (!isHostAndPort(entry))
      section.refuse("egress_allow", "must be host:port, as in users:8001, got '" + entry + "'");
  std::string url;
  section.text("jwks_url", url);
  if (url.empty()) return;
  const auto server = std::string_view{url}.substr(0, url.find('?'));
  if (!isBaseUrl(server)) {
    section.refuse("jwks_url", "must be an https URL, as in https://login.example.org/.well-known/jwks.json");
    return;
  }
  constexpr std::string_view kPlain = "http://";
  if (server.starts_with(kPlain)) {
    std::string authority(server.substr(kPlain.size()));
    authority.resize(std::min(authority.size(), authority.find('/')));
    if (!isHostAndPort(authority)) authority += ":80";
    const bool loopback =
        authority.starts_with("127.0.0.1:") || authority.starts_with("localhost:") || authority.starts_with("[::1]:");
    if (!loopback && std::find(allow.begin(), allow.end(), authority) == allow.end()) {
      section.refuse("jwks_url", "must be an https URL; plain http is for loopback and servers in auth.egress_allow (" +
                                     authority + " is not)");
      return;
    }
  }
  out = std::move(url);
}

void readAuth(Section section, AuthConfig& auth) {
  section.text("jwt_secret", auth.jwt_secret);
  if (section.member("jwt_secret") != nullptr) {
    if (const auto weakness = api::secretWeakness(auth.jwt_secret)) section.refuse("jwt_secret", *weakness);
  }
  section.text("issuer", auth.issuer);
  section.text("audience", auth.audience);
  readJwksUrl(section, auth.jwks_url);
  readRoles(section.section("roles"), auth.roles);
  section.finish();
}

void readApi(Section section, ApiConfig& api) {
  constexpr std::array<Word<bool>, 2> kForms = {Word<bool>{"problem", false}, {"legacy", true}};
  section.word<bool>("errors", api.legacy_errors, kForms);
  Section limits = section.section("rate_limits");
  constexpr std::array<std::string_view, 4> kClasses = {"read", "write", "webhook", "public"};
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    Section limit = limits.section(kClasses[i]);
    limit.number("requests", api.rate_limits[i].requests, 0, 10'000'000);
    limit.duration("per", api.rate_limits[i].per, 1s, 24h);
    limit.finish();
  }
  limits.finish();
  section.finish();
}

void readDelivery(Section section, DeliveryConfig& delivery) {
  section.number("max_in_flight", delivery.max_in_flight, 1, 10'000);
  section.duration("timeout", delivery.timeout, 1s, 10min);
  Section retry = section.section("retry");
  retry.number("attempts", delivery.retry.attempts, 1, 100);
  retry.duration("base", delivery.retry.base, 100ms, 1h);
  retry.duration("max", delivery.retry.max, 1s, 24h);
  if (delivery.retry.max < delivery.retry.base) retry.refuse("max", "must not be shorter than base");
  retry.finish();
  Section breaker = section.section("breaker");
  breaker.number("failures", delivery.breaker.failures, 1, 1000);
  breaker.duration("open", delivery.breaker.open, 100ms, 1h);
  breaker.duration("longest", delivery.breaker.longest, 1s, 24h);
  if (delivery.breaker.longest < delivery.breaker.open) breaker.refuse("longest", "must not be shorter than open");
  breaker.finish();
  readUnknown(section, delivery.unknown);
  section.duration("ttl", delivery.ttl, 1min, 720h);
  section.finish();
}

}  // namespace

void readBaseUrl(Section& section, std::string_view key, std::string& out) {
  std::string url;
  section.text(key, url);
  if (url.empty()) return;
  if (!isBaseUrl(url)) {
    section.refuse(key, "must be an http or https URL without a query, as in https://inbox.example.org");
    return;
  }
  while (url.ends_with('/')) url.pop_back();
  out = std::move(url);
}

std::string databaseUrlProblem(std::string_view url) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://") || url.find('=') < url.find("://")) return "";
  return "must be a PostgreSQL connection string, as in postgresql://user:password@host:5432/database";
}

void readUnknown(Section& section, UnknownSend& out) {
  constexpr std::array<Word<UnknownSend>, 3> kWords = {
      Word<UnknownSend>{"hold", UnknownSend::kHold}, {"resend", UnknownSend::kResend}, {"fail", UnknownSend::kFail}};
  section.word<UnknownSend>("unknown", out, kWords);
}

void readHostSections(Section& root, const std::filesystem::path& base, Config& config) {
  std::string data_dir;
  root.text("data_dir", data_dir);
  if (!data_dir.empty()) config.data_dir = (base / data_dir).lexically_normal();
  readBaseUrl(root, "public_url", config.public_url);
  readHttp(root.section("http"), base, config.http);
  readInternal(root.section("internal"), config.internal);
  readDatabase(root.section("database"), base, config.database);
  readAuth(root.section("auth"), config.auth);
  readApi(root.section("api"), config.api);

  Section connectors = root.section("connectors");
  connectors.texts("paths", config.connector_paths);
  for (auto& path : config.connector_paths) path = (base / path).lexically_normal().string();
  connectors.finish();

  readDelivery(root.section("delivery"), config.delivery);

  constexpr std::array<Word<log::Level>, 4> kLevels = {Word<log::Level>{"debug", log::Level::kDebug},
                                                       {"info", log::Level::kInfo},
                                                       {"warn", log::Level::kWarn},
                                                       {"error", log::Level::kError}};
  Section log = root.section("log");
  log.word<log::Level>("level", config.log_level, kLevels);
  using Format = std::optional<log::Format>;
  constexpr std::array<Word<Format>, 3> kFormats = {Word<Format>{"auto", Format{}},
                                                    Word<Format>{"text", Format{log::Format::kText}},
                                                    Word<Format>{"json", Format{log::Format::kJson}}};
  log.word<Format>("format", config.log_format, kFormats);
  log.finish();
  root.boolean("reload", config.reload);
}

}  // namespace patchbay::app
