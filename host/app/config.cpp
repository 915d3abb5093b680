#include "app/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "api/authenticator.hpp"
#include "app/config_sections.hpp"
#include "app/values.hpp"
#include "base/text.hpp"

extern char** environ;  // POSIX: in no header without extensions

namespace patchbay::app {
namespace {

/// Defaults that depend on the machine. Fewer, larger batches win: one lane and one I/O thread per four cores.
void sizeToMachine(Config& config) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  config.http.io_threads = std::clamp(cores / 4, 1U, 8U);
  config.http.worker_threads = std::clamp(cores * 2, 4U, 64U);
  config.database.lanes = std::clamp(cores / 4, 1U, 8U);
  config.database.read_connections = std::clamp(cores * 4, 4U, 32U);
}

/// Notes that something stronger than the file has given a key its value.
void noteOverride(Keys& keys, std::string_view path, std::string value, std::string source) {
  Key& key = keys[std::string(path)];
  key.value = std::move(value);
  key.source = std::move(source);
}

class EnvironmentReader {
 public:
  EnvironmentReader(const Environment& environment, LoadedConfig& loaded)
      : environment_(environment), errors_(loaded.errors), keys_(loaded.keys) {}

  /// Null when it is not set. Set but empty counts as not set, as container files like to have it.
  const std::string* find(std::string_view name) const {
    const auto found = environment_.find(name);
    return found != environment_.end() && !found->second.empty() ? &found->second : nullptr;
  }

  /// The value of a key that is set; null when its variable is not.
  const std::string* find(std::string_view name, std::string_view key) {
    const auto* value = find(name);
    if (value != nullptr) noteOverride(keys_, key, *value, "the environment variable " + std::string(name));
    return value;
  }

  void refuse(std::string_view name, const std::string& message) {
    errors_.push_back({"environment", 0, 0, std::string(name) + ": " + message});
  }

 private:
  const Environment& environment_;
  std::vector<Diagnostic>& errors_;
  Keys& keys_;
};

std::string shown(const std::string& value) {
  return ", got '" + std::string(firstCodePoints(cleanText(value), 40)) + "'";
}

void readEnvironment(EnvironmentReader environment, Config& config) {
  if (const auto* url = environment.find("DATABASE_URL", "database.url")) {
    const std::string problem = databaseUrlProblem(*url);
    if (!problem.empty()) environment.refuse("DATABASE_URL", problem);  // the value may hold a password
    config.database.url = *url;
  }
  if (const auto* host = environment.find("HOST", "http.host")) config.http.host = *host;
  if (const auto* port = environment.find("PORT", "http.port")) {
    const auto number = parseNumber(*port, 0, 65535);
    if (!number) environment.refuse("PORT", "must be a whole number from 0 to 65535" + shown(*port));
    config.http.port = static_cast<std::uint16_t>(number.value_or(0));
  }
  if (const auto* reload = environment.find("RELOAD", "reload")) {
    const auto value = parseSwitch(*reload);
    if (!value) environment.refuse("RELOAD", "must be true or false" + shown(*reload));
    config.reload = value.value_or(false);
  }
  if (const auto* secret = environment.find("JWT_SECRET_KEY", "auth.jwt_secret")) {
    if (const auto weakness = api::secretWeakness(*secret)) environment.refuse("JWT_SECRET_KEY", *weakness);
    config.auth.jwt_secret = *secret;
  }
}

void apply(const Overrides& overrides, LoadedConfig& loaded) {
  Config& config = loaded.config;
  const auto note = [&loaded](std::string_view key, std::string value, std::string_view option) {
    noteOverride(loaded.keys, key, std::move(value), "the option " + std::string(option));
  };
  if (overrides.host) note("http.host", config.http.host = *overrides.host, "--host");
  if (overrides.port) note("http.port", std::to_string(config.http.port = *overrides.port), "--port");
  if (overrides.internal_port)
    note("internal.port", std::to_string(config.internal.port = *overrides.internal_port), "--internal-port");
  if (overrides.data_dir) note("data_dir", *overrides.data_dir, "--data-dir");
  if (overrides.data_dir) config.data_dir = *overrides.data_dir;
  if (overrides.database_url) note("database.url", config.database.url = *overrides.database_url, "--database-url");
  if (overrides.log_level) {
    constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warn", "error"};
    note("log.level", std::string(kNames.at(static_cast<std::size_t>(*overrides.log_level))), "--log-level");
    config.log_level = *overrides.log_level;
  }
}

/// Where an installation keeps its data when nobody says.
std::filesystem::path defaultDataDir(const Environment& environment) {
  if (::geteuid() == 0) return "/var/lib/patchbay";
  const auto value = [&](std::string_view name) {
    const auto found = environment.find(name);
    return found != environment.end() ? std::filesystem::path(found->second) : std::filesystem::path();
  };
  if (const auto data = value("XDG_DATA_HOME"); data.is_absolute()) return data / "patchbay";
  if (const auto home = value("HOME"); home.is_absolute()) return home / ".local/share/patchbay";
  return {};
}

LoadedConfig interpret(yaml::Document document, const Environment& environment, const Overrides& overrides) {
  LoadedConfig loaded;
  loaded.source = *document.source;
  loaded.errors = std::move(document.errors);
  std::vector<Diagnostic> found;
  loaded.config.file = document.file;
  sizeToMachine(loaded.config);
  SectionContext context{document.file, found, &loaded.keys};
  // After a file that is no YAML, complaints about what is missing would only hide the reason.
  const bool readable = loaded.errors.empty() || document.root.isMap();
  if (readable && document.root.kind != yaml::Kind::kNull && !document.root.isMap()) {
    context.report(document.root.mark,
                   "the file must be a map of keys and values, got " + std::string(yaml::describe(document.root.kind)));
  } else if (readable) {
    Section root(context, document.root.isMap() ? &document.root : nullptr, "", {1, 1});
    const auto base = std::filesystem::absolute(document.file.empty() ? "." : document.file).parent_path();
    readHostSections(root, base, loaded.config);
    readTenants(context, root, document, loaded.config);
    root.finish();
  }
  loaded.add(std::move(found));
  readEnvironment({environment, loaded}, loaded.config);
  apply(overrides, loaded);
  if (loaded.config.data_dir.empty()) loaded.config.data_dir = defaultDataDir(environment);
  if (loaded.config.data_dir.empty()) {
    loaded.errors.push_back({"environment", 0, 0, "HOME: is not set, so there is no place for data; give --data-dir"});
  }
  loaded.config.data_dir = std::filesystem::absolute(loaded.config.data_dir).lexically_normal();
  if (loaded.config.connector_paths.empty()) loaded.config.connector_paths = defaultConnectorPaths();
  return loaded;
}

}  // namespace

void LoadedConfig::add(std::vector<Diagnostic> later) {
  const auto known = errors.size();
  for (auto& error : later) {
    const bool follows = std::any_of(
        errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(known),
        [&error](const Diagnostic& first) { return first.line == error.line && first.column == error.column; });
    if (!follows) errors.push_back(std::move(error));
  }
  std::stable_sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
}

std::string LoadedConfig::report() const {
  std::string out;
  for (const auto& error : errors) out += yaml::render(error, source) + "\n";
  return out;
}

LoadedConfig loadConfig(const std::string& path, const Environment& environment, const Overrides& overrides) {
  if (path.empty()) return loadConfigText("", "", environment, overrides);
  return interpret(yaml::readFile(path, &environment), environment, overrides);
}

LoadedConfig loadConfigText(const std::string& name, std::string source, const Environment& environment,
                            const Overrides& overrides) {
  return interpret(yaml::parse(name, std::move(source), &environment), environment, overrides);
}

Environment processEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::string defaultConfigPath() {
  constexpr const char* kPath = "/etc/patchbay/patchbay.yaml";
  std::error_code ignored;
  return std::filesystem::exists(kPath, ignored) ? kPath : "";
}

std::vector<std::string> defaultConnectorPaths() {
  std::error_code code;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  for (const char* place : {"connectors", "../connectors", "../lib/patchbay/connectors"}) {
    const auto candidate = (folder / place).lexically_normal();
    if (std::filesystem::is_directory(candidate, code)) return {candidate.string()};
  }
  return {(folder / "connectors").string()};
}

}  // namespace patchbay::app
