#include "app/commands/token.hpp"

#include <filesystem>
#include <ostream>

#include "api/api_keys.hpp"
#include "api/authenticator.hpp"
#include "api/contract.hpp"
#include "app/database_access.hpp"
#include "base/text.hpp"

namespace patchbay::app {
namespace {

constexpr std::chrono::hours kTokenLifetime{24};
constexpr std::chrono::hours kKeyLifetime{24 * 90};

/// Whose acts are those of a token that was made here: no user of the installation.
constexpr const char* kToolUser = "00000000-0000-4000-8000-000000000001";

int failed(std::ostream& err, const std::string& why) {
  err << "patchbay: " << why << "\n";
  return kExitFailed;
}

/// A scope that means nothing would make a key that opens less than its maker thinks. @return "" or what is wrong
std::string scopeProblem(const std::vector<std::string>& scopes) {
  if (scopes.empty()) return {};
  const auto words = api::Contract(api::builtInDocument(), {}).permissions();
  for (const auto& scope : scopes)
    if (auto problem = api::permissionProblem(scope, words); !problem.empty()) return "--scope: " + problem;
  return {};
}

int createToken(const CommandLine& command, const Config& config, std::ostream& out) {
  api::AuthSettings settings;
  settings.secret = config.auth.jwt_secret;
  if (settings.secret.empty()) {
    std::filesystem::create_directories(config.data_dir);
    settings.secret = api::loadOrCreateJwtSecret(config.data_dir);
  }
  settings.rules = {config.auth.issuer, config.auth.audience};
  out << api::issueToken(settings,
                         {.subject = kToolUser,
                          .username = "patchbay-token",
                          .role = command.role.empty() ? "tenant_admin" : command.role,
                          .tenant_slug = command.tenant,
                          .lifetime = command.ttl.value_or(kTokenLifetime),
                          .permissions = command.scopes},
                         now())
      << "\n";
  return kExitOk;
}

int createKey(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err) {
  api::ApiKeyRequest request;
  request.tenant = command.tenant;
  request.name = command.name;
  request.role = command.role == "tenant_admin" ? api::Role::kTenantAdmin : api::Role::kTenantUser;
  request.scopes = command.scopes;
  const auto lifetime = command.expires.value_or(kKeyLifetime);
  if (lifetime.count() > 0) request.expires_at = now() + lifetime;
  const auto made = api::createApiKey(*openDatabase(config), request);
  if (!made.ok()) return failed(err, made.error().message);
  out << made->text << "\n";
  err << "API key " << made->id << " of tenant " << command.tenant << ", "
      << (request.expires_at ? "good until " + formatRfc3339(*request.expires_at) : "good for ever")
      << ". It is shown this once.\n";
  return kExitOk;
}

Json orNull(const std::optional<Timestamp>& time) {
  return time ? Json(formatRfc3339(*time)) : Json();
}

Json describe(const api::ApiKeyInfo& key) {
  Json scopes = Json::array();
  for (const auto& scope : key.scopes) scopes.push_back(scope);
  return {{"id", key.id},
          {"name", key.name},
          {"prefix", key.prefix},
          {"role", key.role},
          {"scopes", scopes},
          {"created_at", orNull(key.created_at)},
          {"last_used_at", orNull(key.last_used_at)},
          {"expires_at", orNull(key.expires_at)}};
}

void printTable(const std::vector<api::ApiKeyInfo>& keys, std::ostream& out) {
  std::vector<std::vector<std::string>> rows = {
      {"ID", "NAME", "PREFIX", "ROLE", "SCOPES", "CREATED", "LAST USED", "EXPIRES"}};
  const auto time = [](const std::optional<Timestamp>& at) { return at ? formatRfc3339(*at) : std::string("never"); };
  for (const auto& key : keys) {
    std::string scopes;
    for (const auto& scope : key.scopes) scopes += (scopes.empty() ? "" : ",") + scope;
    const bool expired = key.expires_at && *key.expires_at <= now();
    rows.push_back({std::to_string(key.id), onOneLine(key.name), key.prefix + "...", key.role,
                    scopes.empty() ? "all of the role" : scopes, time(key.created_at), time(key.last_used_at),
                    time(key.expires_at) + (expired ? " (expired)" : "")});
  }
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) out << row[i] << std::string(widths[i] - row[i].size() + 2, ' ');
    out << row.back() << "\n";
  }
}

int listKeys(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err) {
  const auto keys = api::listApiKeys(*openDatabase(config), command.tenant);
  if (!keys.ok()) return failed(err, keys.error().message);
  if (command.json) {
    Json all = Json::array();
    for (const auto& key : *keys) all.push_back(describe(key));
    out << dumpJson(all) << "\n";
  } else if (keys->empty()) {
    out << "tenant " << command.tenant << " has no API keys\n";
  } else {
    printTable(*keys, out);
  }
  return kExitOk;
}

int revokeKey(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err) {
  const auto revoked = api::revokeApiKey(*openDatabase(config), command.id);
  if (!revoked.ok()) return failed(err, revoked.error().message);
  out << "API key " << command.id << " ('" << onOneLine(revoked->name) << "' of tenant " << revoked->tenant
      << ") is revoked; a running host follows within " << api::kApiKeyMemory.count() << " s\n";
  return kExitOk;
}

}  // namespace

int runToken(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err) {
  if (command.kind == CommandKind::kTokenList) return listKeys(command, config, out, err);
  if (command.kind == CommandKind::kTokenRevoke) return revokeKey(command, config, out, err);
  if (const auto problem = scopeProblem(command.scopes); !problem.empty()) return failed(err, problem);
  return command.api_key ? createKey(command, config, out, err) : createToken(command, config, out);
}

}  // namespace patchbay::app
