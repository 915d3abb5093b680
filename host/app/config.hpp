/// The configuration as typed values: what the YAML file, the environment and the command line say together.
///
/// Precedence: command line, environment, YAML, default. All mistakes are found in one go, each with file, line and
/// column. config/patchbay.yaml is the commented reference of the keys.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "app/key.hpp"
#include "app/yaml/yaml_reader.hpp"
#include "base/log.hpp"

namespace patchbay::app {

using yaml::Diagnostic;
using yaml::Environment;

struct HttpConfig {
  std::string host = "0.0.0.0";  ///< HOST
  std::uint16_t port = 8003;     ///< PORT; 0: the system chooses
  unsigned io_threads = 1;       ///< default: a quarter of the cores, at least 1
  unsigned worker_threads = 4;   ///< default: twice the cores, at least 4
  std::size_t max_connections = 4096;
  std::uint64_t body_budget = 256U << 20U;        ///< bytes of request bodies in memory at once, all requests together
  std::uint64_t api_body_limit = 1U << 20U;       ///< bytes of one API request
  std::uint64_t webhook_body_limit = 32U << 20U;  ///< bytes of one webhook, whatever a connector's manifest allows
  std::chrono::milliseconds drain{std::chrono::seconds{10}};  ///< for requests in flight at SIGTERM
  std::size_t max_connections_per_address = 0;                ///< 0: a quarter of max_connections, at least 64
  std::chrono::milliseconds header_timeout{std::chrono::seconds{10}};
  std::chrono::milliseconds idle_timeout{std::chrono::seconds{75}};
  std::uint64_t min_body_rate = 1U << 10U;   ///< bytes per second, in each five seconds
  std::vector<std::string> trusted_proxies;  ///< networks
  bool access_log = true;
  std::vector<std::string> access_log_skip = {"/health", "/ready"};  ///< route templates
  std::vector<std::string> cors_origins;
  std::chrono::milliseconds cors_max_age{std::chrono::minutes{10}};
  std::string tls_certificate;  ///< absolute path; empty: no TLS
  std::string tls_key;
  std::chrono::milliseconds hsts{std::chrono::hours{24 * 180}};
};

struct InternalConfig {
  bool enabled = true;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8004;
};

struct DatabaseConfig {
  std::string url;                ///< DATABASE_URL; empty: the embedded cluster
  unsigned lanes = 1;             ///< writer connections; default: a quarter of the cores, at least 1
  unsigned read_connections = 8;  ///< default: four times the cores, at most 32
  std::chrono::milliseconds statement_timeout{std::chrono::seconds{30}};
  std::string user = "postgres";   ///< of the embedded server when Patchbay runs as root
  std::filesystem::path binaries;  ///< of the embedded server; empty: search
};

struct AuthConfig {
  std::string jwt_secret;  ///< JWT_SECRET_KEY; empty: generated and kept in data_dir
  std::string issuer;      ///< empty: not checked
  std::string audience;    ///< empty: not checked
  std::string jwks_url;    ///< where the issuer publishes its keys for RS256 and ES256; empty: HS256 alone
  /// A token's word for a role -> ours: super_admin, service, tenant_admin, tenant_user. "none": a token without one.
  std::map<std::string, std::string> roles = {
      {"admin", "tenant_admin"}, {"manager", "tenant_user"}, {"user", "tenant_user"}, {"none", "tenant_user"}};
};

struct RateLimitConfig {
  unsigned requests = 0;  ///< 0: without limit
  std::chrono::milliseconds per{std::chrono::minutes{1}};
};

struct ApiConfig {
  bool legacy_errors = false;                  ///< errors in the predecessor's form
  std::array<RateLimitConfig, 4> rate_limits;  ///< read, write, webhook, public: as api::RateClass
};

/// A send whose fate is unknown and that nothing has settled.
enum class UnknownSend { kHold, kResend, kFail };

struct RetryConfig {
  unsigned attempts = 8;
  std::chrono::milliseconds base{std::chrono::seconds{2}};  ///< doubles with every attempt, with jitter
  std::chrono::milliseconds max{std::chrono::minutes{10}};
};

struct BreakerConfig {
  unsigned failures = 5;                                    ///< in a row, after which a server is left alone
  std::chrono::milliseconds open{std::chrono::seconds{5}};  ///< the first time; doubles, with jitter
  std::chrono::milliseconds longest{std::chrono::minutes{5}};
};

struct DeliveryConfig {
  unsigned max_in_flight = 256;                                 ///< requests to providers at once
  std::chrono::milliseconds timeout{std::chrono::seconds{30}};  ///< of one request, in total
  RetryConfig retry;
  BreakerConfig breaker;
  UnknownSend unknown = UnknownSend::kHold;               ///< of channels that do not say
  std::chrono::milliseconds ttl{std::chrono::hours{24}};  ///< a message that could not be sent for this long fails
};

struct ChannelConfig {
  std::string name;
  std::string connector;  ///< id of the manifest
  bool enabled = true;
  bool legacy_webhook = false;
  UnknownSend unknown = UnknownSend::kHold;
  std::optional<bool>
      isolated;  ///< turns run in a worker process, or in the host's; nothing: as the connector's manifest says
  std::chrono::milliseconds ttl{std::chrono::hours{24}};  ///< default: that of delivery
  bool reopen = true;      ///< an inbound message reopens an archived conversation; false: it starts a new one
  std::string public_url;  ///< base of the webhook URL; empty: none is known
  std::vector<std::string> egress_allow;  ///< "host:port" where plain http and loopback are allowed
  Json config;                            ///< the connector's own keys; always an object
  /// Where the values of `config` stand: pointers are relative to it, "" is the section itself.
  yaml::Origin origin;
  yaml::Mark mark;            ///< the channel's key in the file
  yaml::Mark connector_mark;  ///< the connector's id
};

struct TenantConfig {
  std::string slug;
  std::string name;  ///< default: the slug
  std::vector<ChannelConfig> channels;
  yaml::Mark mark;
};

struct Config {
  std::string file;                ///< as given; empty: no file
  std::filesystem::path data_dir;  ///< absolute
  std::string public_url;          ///< without a slash at the end; empty: not known
  HttpConfig http;
  InternalConfig internal;
  DatabaseConfig database;
  AuthConfig auth;
  ApiConfig api;
  std::vector<std::string> connector_paths;  ///< absolute: folders and libraries; default: defaultConnectorPaths()
  DeliveryConfig delivery;
  log::Level log_level = log::Level::kInfo;
  std::optional<log::Format> log_format;  ///< none: text on a terminal, else JSON
  bool reload = false;                    ///< RELOAD
  std::vector<TenantConfig> tenants;
};

/// What the command line said.
struct Overrides {
  std::optional<std::string> host;
  std::optional<std::uint16_t> port;
  std::optional<std::uint16_t> internal_port;
  std::optional<std::string> data_dir;
  std::optional<std::string> database_url;
  std::optional<log::Level> log_level;
};

struct LoadedConfig {
  Config config;                   ///< complete only when ok()
  std::vector<Diagnostic> errors;  ///< in the order of the file, behind those of the environment
  std::string source;              ///< the file's text
  Keys keys;                       ///< every key that was asked for, with its value in force

  bool ok() const { return errors.empty(); }
  /// Puts errors that were found later in their places. One about a value that is already complained about is left out:
  /// what could not be read (an unset variable, say) is not also of the wrong kind.
  void add(std::vector<Diagnostic> later);
  /// All errors with their lines and carets, ready to print; ends with a newline. "" when there are none.
  std::string report() const;
};

/// @param path         empty: no file, only defaults, environment and overrides.
/// @param environment  all variables of the process (also for `${NAME}` in the file).
LoadedConfig loadConfig(const std::string& path, const Environment& environment, const Overrides& overrides = {});

/// The same for text that is already there.
LoadedConfig loadConfigText(const std::string& name, std::string source, const Environment& environment,
                            const Overrides& overrides = {});

/// The variables of this process.
Environment processEnvironment();

/// /etc/patchbay/patchbay.yaml when it exists, otherwise "".
std::string defaultConfigPath();

/// The folder `connectors` beside the program, or where an installation has it (../lib/patchbay/connectors).
std::vector<std::string> defaultConnectorPaths();

}  // namespace patchbay::app
