#include "app/command_table.hpp"

#include <limits>

#include "app/commands/new_connector.hpp"
#include "app/values.hpp"

namespace patchbay::app {
namespace {

Take into(std::string CommandLine::*member) {
  return [member](CommandLine& line, const std::string& value) {
    line.*member = value;
    return value.empty() ? "must not be empty" : "";
  };
}

Take overriding(std::optional<std::string> Overrides::*member) {
  return [member](CommandLine& line, const std::string& value) {
    line.overrides.*member = value;
    return value.empty() ? "must not be empty" : "";
  };
}

Take port(std::optional<std::uint16_t> Overrides::*member) {
  return [member](CommandLine& line, const std::string& value) -> std::string {
    const auto number = parseNumber(value, 0, 65535);
    if (!number) return "must be a whole number from 0 to 65535";
    line.overrides.*member = static_cast<std::uint16_t>(*number);
    return "";
  };
}

std::string takeLevel(CommandLine& line, const std::string& value) {
  constexpr std::pair<std::string_view, log::Level> kLevels[] = {{"debug", log::Level::kDebug},
                                                                 {"info", log::Level::kInfo},
                                                                 {"warn", log::Level::kWarn},
                                                                 {"error", log::Level::kError}};
  for (const auto& [name, level] : kLevels) {
    if (value == name) line.overrides.log_level = level;
  }
  return line.overrides.log_level ? "" : "must be debug, info, warn or error";
}

std::string takeDatabase(CommandLine& line, const std::string& value) {
  // The same rule as in the file and in DATABASE_URL, judged there, where a password is never printed.
  line.overrides.database_url = value;
  return value.empty() ? "must not be empty" : "";
}

std::string takeTenant(CommandLine& line, const std::string& value) {
  line.tenant = value;
  return isTenantSlug(value) ? "" : "must be 1 to 56 of a-z, 0-9 and '-'";
}

std::string takeRole(CommandLine& line, const std::string& value) {
  line.role = value;
  const bool known = value == "super_admin" || value == "tenant_admin" || value == "tenant_user";
  return known ? "" : "must be super_admin, tenant_admin or tenant_user";
}

std::string takeTtl(CommandLine& line, const std::string& value) {
  const auto duration = parseDuration(value);
  line.ttl = std::chrono::duration_cast<std::chrono::seconds>(duration.value_or(std::chrono::milliseconds(0)));
  const bool fits = *line.ttl >= std::chrono::minutes(1) && *line.ttl <= std::chrono::hours(24 * 366);
  return fits ? "" : "must be a duration from 1m to 366d (a number with s, m, h or d, as in 12h)";
}

std::string takeExpires(CommandLine& line, const std::string& value) {
  if (value == "never") {
    line.expires = std::chrono::seconds{0};
    return "";
  }
  const auto duration = parseDuration(value);
  line.expires = std::chrono::duration_cast<std::chrono::seconds>(duration.value_or(std::chrono::milliseconds(0)));
  const bool fits = *line.expires >= std::chrono::minutes(1) && *line.expires <= std::chrono::hours(24 * 3660);
  return fits ? "" : "must be a duration from 1m to 3660d (a number with s, m, h or d, as in 90d), or never";
}

std::string takeScope(CommandLine& line, const std::string& value) {
  constexpr std::size_t kMaxScopes = 64;
  if (line.scopes.size() == kMaxScopes) return "there are more than 64";
  line.scopes.push_back(value);
  return value.empty() || value.find(' ') != std::string::npos ? "must be a permission, as in conversations.read" : "";
}

std::string takeLanguage(CommandLine& line, const std::string& value) {
  line.language = value;
  return value == "c++" || value == "c" ? "" : "must be c++ or c";
}

std::string takeConnectorName(CommandLine& line, const std::string& value) {
  line.name = value;
  return connectorNameRule(value);
}

std::string takeKeyId(CommandLine& line, const std::string& value) {
  const auto id = parseNumber(value, 1, std::numeric_limits<std::int64_t>::max());
  line.id = id.value_or(0);
  return id ? "" : "must be the number of an API key, see: patchbay token list";
}

/// A token that is signed and a key that is stored take different options.
std::string checkTokenCreate(const CommandLine& line) {
  if (!line.api_key) {
    if (!line.name.empty()) return "--name is for --api-key alone";
    return line.expires ? "--expires is for --api-key; a token has --ttl" : "";
  }
  if (line.name.empty()) return "--name is missing: what is the API key for?";
  if (line.ttl) return "--ttl is for tokens; an API key has --expires";
  return line.role == "super_admin" ? "--role: an API key must be tenant_admin or tenant_user, got 'super_admin'" : "";
}

std::string takeApiKey(CommandLine& line, const std::string&) {
  line.api_key = true;
  return "";
}

std::string takeUrl(CommandLine& line, const std::string& value) {
  line.url = value;
  const bool fits = value.starts_with("http://") && value.size() > 7 && value.find('/', 7) == std::string::npos;
  return fits ? "" : "must be http://HOST:PORT";
}

std::string takeJson(CommandLine& line, const std::string&) {
  line.json = true;
  return "";
}

std::string takeChannel(CommandLine& line, const std::string& value) {
  line.channel = value;
  return isChannelName(value) ? "" : "must be a channel's name: 1 to 63 of a-z, 0-9, '-' and '_'";
}

std::string takeState(CommandLine& line, const std::string& value) {
  line.state = value;
  const bool known = value == "failed" || value == "held" || value == "pending" || value == "unknown";
  return known ? "" : "must be failed, held, pending or unknown";
}

std::string takeLimit(CommandLine& line, const std::string& value) {
  const auto number = parseNumber(value, 1, 100'000);
  if (number) line.limit = static_cast<int>(*number);
  return number ? "" : "must be a whole number from 1 to 100000";
}

std::string takeAll(CommandLine& line, const std::string&) {
  line.all = true;
  return "";
}

std::string takeMessageId(CommandLine& line, const std::string& value) {
  const auto number = parseNumber(value, 1, std::numeric_limits<std::int64_t>::max());
  if (number) line.ids.push_back(static_cast<std::int64_t>(*number));
  return number ? "" : "must be the id of a message, a whole number from 1";
}

/// All is said in full, so that a slip does not repeat or drop a tenant's every message.
std::string checkIdsOrAll(const CommandLine& line) {
  if (line.all && !line.ids.empty()) return "--all and ids of messages do not go together";
  if (line.all && line.channel.empty()) return "--all needs --channel: whose messages?";
  if (!line.all && line.ids.empty()) return "which messages? give their ids, or --all --channel NAME";
  if (!line.all && !line.channel.empty()) return "--channel goes with --all";
  return "";
}

/// The file may stand alone or behind --config.
std::string takeFileOnce(CommandLine& line, const std::string& value) {
  if (!line.config.empty()) return "the file is given twice";
  line.config = value;
  return value.empty() ? "must not be empty" : "";
}

}  // namespace

const std::vector<Command>& commands() {
  static const Option kConfig{"--config", "FILE",
                              "the configuration (default: /etc/patchbay/patchbay.yaml, if it is there)",
                              into(&CommandLine::config)};
  static const Option kDataDir{"--data-dir", "DIR", "where the database, media and secrets are kept",
                               overriding(&Overrides::data_dir)};
  static const Option kDatabase{"--database-url", "URL", "PostgreSQL to use instead of the embedded one", takeDatabase};
  static const Option kTenant{"--tenant", "SLUG", "of this tenant alone", takeTenant};
  static const Option kJson{"--json", "", "as JSON", takeJson};
  static const std::vector<Command> kCommands = {
      {CommandKind::kServe,
       "serve",
       "run the service (this is the default command)",
       {kConfig,
        {"--host", "HOST", "address of the public listener (default 0.0.0.0)", overriding(&Overrides::host)},
        {"--port", "N", "its port (default 8003; 0: any)", port(&Overrides::port)},
        {"--internal-port", "N", "port of the internal listener (default 8004; 0: any)",
         port(&Overrides::internal_port)},
        kDataDir,
        kDatabase,
        {"--log-level", "LEVEL", "debug, info, warn or error (default info)", takeLevel}}},
      {CommandKind::kCheckConfig,
       "check-config",
       "check a configuration and every channel in it",
       {{kConfig.name, kConfig.value, kConfig.help, takeFileOnce},
        kDataDir,
        {"--explain", "KEY", "tell about one key instead: http.port, or a section such as delivery.retry",
         into(&CommandLine::explain)}},
       {{"FILE", takeFileOnce}}},
      {CommandKind::kConnectors,
       "connectors",
       "list the connectors that are installed",
       {kConfig,
        kDataDir,
        kJson,
        {"--schema", "", "the JSON Schema of the configuration file with the keys of these connectors, for editors",
         [](CommandLine& line, const std::string&) {
           line.schema = true;
           return std::string();
         }}}},
      {CommandKind::kCheck,
       "check",
       "test a connector: its transcripts and what every connector must hold to",
       {{"--transcripts", "DIR", "folder of its transcripts", into(&CommandLine::transcripts)},
        {"--only", "TEXT", "transcripts whose name or file contains it, or: file, library, signatures, turns",
         into(&CommandLine::only)},
        {"--json", "FILE", "write the results there: [{name, passed, why}]", into(&CommandLine::json_file)}},
       {{"LIBRARY", into(&CommandLine::library), "the connector's .so file"}}},
      {CommandKind::kNew,
       "new",
       "write a connector to begin with: it builds, passes `patchbay check` and says what comes next",
       {{"--lang", "LANG", "c++ (default) or c", takeLanguage}},
       {{"NAME", takeConnectorName, "what the connector is called, as in acme-sms"},
        {"DIR", into(&CommandLine::directory)}}},
      {CommandKind::kTokenCreate,
       "token create",
       "make a token or an API key for a tenant and print it",
       {{"--tenant", "SLUG", "the tenant", takeTenant, true},
        {"--role", "ROLE", "super_admin, tenant_admin or tenant_user (default tenant_admin; of an API key tenant_user)",
         takeRole},
        {"--scope", "PERMISSION", "limits it, as in conversations.read or messages.*", takeScope, false, true},
        {"--ttl", "DURATION", "how long a token is good for (default 24h)", takeTtl},
        {"--api-key", "", "a key that can be listed and revoked; needs the database of the host", takeApiKey},
        {"--name", "NAME", "what the API key is for", into(&CommandLine::name)},
        {"--expires", "DURATION", "how long the API key is good for, or never (default 90d)", takeExpires},
        kConfig,
        kDataDir,
        kDatabase},
       {},
       checkTokenCreate},
      {CommandKind::kTokenList,
       "token list",
       "list the API keys of a tenant",
       {{"--tenant", "SLUG", "the tenant", takeTenant, true}, kJson, kConfig, kDataDir, kDatabase}},
      {CommandKind::kTokenRevoke,
       "token revoke",
       "make an API key worthless; a running host follows within 5 s",
       {kConfig, kDataDir, kDatabase},
       {{"ID", takeKeyId, "the number of the API key, see: patchbay token list"}}},
      {CommandKind::kOutboxList,
       "outbox list",
       "list messages that have not left: what has failed or is held, or what waits",
       {kTenant,
        {"--channel", "NAME", "of this channel alone", takeChannel},
        {"--state", "STATE", "failed, held, pending or unknown (default: failed and held)", takeState},
        {"--limit", "N", "at most so many (default 100)", takeLimit},
        kJson,
        kConfig,
        kDataDir,
        kDatabase}},
      {CommandKind::kOutboxShow,
       "outbox show",
       "show one message of the outbox with its tries",
       {kTenant, kJson, kConfig, kDataDir, kDatabase},
       {{"ID", takeMessageId, "the id of a message"}}},
      {CommandKind::kOutboxRetry,
       "outbox retry",
       "send messages again that have failed or are held",
       {kTenant,
        {"--all", "", "all that have failed or are held, of one channel", takeAll},
        {"--channel", "NAME", "with --all: this channel's", takeChannel},
        kConfig,
        kDataDir,
        kDatabase},
       {{"ID", takeMessageId, {}, true}},
       checkIdsOrAll},
      {CommandKind::kOutboxDrop,
       "outbox drop",
       "give messages up for good: they fail with class 'dropped'",
       {kTenant,
        {"--all", "", "all that have failed or are held, of one channel", takeAll},
        {"--channel", "NAME", "with --all: this channel's", takeChannel},
        kConfig,
        kDataDir,
        kDatabase},
       {{"ID", takeMessageId, {}, true}},
       checkIdsOrAll},
      {CommandKind::kStatus,
       "status",
       "ask the running host how it and every channel are doing (exit status 1: not well, or no answer)",
       {kConfig,
        {"--internal-port", "N", "where the host's internal listener is (default: as configured)",
         port(&Overrides::internal_port)},
        {"--url", "URL", "the same in full: http://127.0.0.1:8004", takeUrl},
        kJson}},
      {CommandKind::kVersion, "version", "print the version", {}},
  };
  return kCommands;
}

}  // namespace patchbay::app
