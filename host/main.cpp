/// The program: reads the command line, then does what it says. `serve` runs as a Poco application.
#include <Poco/Util/ServerApplication.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "app/channels.hpp"
#include "app/commands/explain.hpp"
#include "app/commands/new_connector.hpp"
#include "app/commands/outbox.hpp"
#include "app/commands/status.hpp"
#include "app/commands/token.hpp"
#include "app/config.hpp"
#include "app/config_schema.hpp"
#include "app/host.hpp"
#include "app/options.hpp"
#include "app/version.hpp"
#include "connectors/check/check.hpp"
#include "connectors/connector_set.hpp"
#include "edge/tls.hpp"

namespace patchbay::app {
namespace {

/// Poco's application object around a host. Options were read before: Poco refuses those that it does not know.
class Server final : public Poco::Util::ServerApplication {
 public:
  Server(const LoadedConfig& loaded, std::function<LoadedConfig()> load_again)
      : loaded_(loaded), load_again_(std::move(load_again)) {}

  int main(const std::vector<std::string>&) override {
    try {
      return runHost(loaded_, load_again_);
    } catch (const std::exception& error) {
      std::cerr << "patchbay: " << error.what() << "\n";
      return kExitFailed;
    }
  }

 private:
  const LoadedConfig& loaded_;
  const std::function<LoadedConfig()> load_again_;
};

LoadedConfig load(const CommandLine& command) {
  return loadConfig(command.config.empty() ? defaultConfigPath() : command.config, processEnvironment(),
                    command.overrides);
}

/// Where libraries are copied before they are loaded a second time with other content.
std::string copiesFolder(const Config& config) {
  return (config.data_dir / "connectors").string();
}

/// The configuration with everything that can be said about it: the file's own mistakes and those against the
/// connectors' schemas, in one list.
LoadedConfig loadAndCheck(const CommandLine& command, bool connectors_too) {
  LoadedConfig loaded = load(command);
  connectors::ConnectorSet connectors(loaded.config.connector_paths, copiesFolder(loaded.config));
  loaded.add(checkSettings(loaded.config, connectors));
  if (connectors_too) loaded.add(checkConnectors(loaded.config, connectors));
  std::cerr << loaded.report();
  return loaded;
}

int serve(const CommandLine& command, char** argv) {
  blockSignals();
  // A connector that is missing or broken is not the file's mistake: its channels stay off, the others start.
  const LoadedConfig loaded = loadAndCheck(command, false);
  if (!loaded.ok()) return kExitFailed;
  log::setLevel(loaded.config.log_level);
  const auto by_output = ::isatty(STDERR_FILENO) == 1 ? log::Format::kText : log::Format::kJson;
  log::setFormat(loaded.config.log_format.value_or(by_output));
  const log::Background logging;
  Server server(loaded, [&command] { return load(command); });
  return server.run(1, argv);  // the program's name alone: the rest has been read
}

/// What serve finds out when it opens the files.
bool certificateFits(const HttpConfig& http) {
  if (http.tls_certificate.empty()) return true;
  try {
    edge::TlsIdentity::load({http.tls_certificate, http.tls_key});
    return true;
  } catch (const edge::TlsError& error) {
    std::cerr << "patchbay: http.tls: " << error.what() << "\n";
    return false;
  }
}

int checkConfig(const CommandLine& command) {
  if (!command.explain.empty()) {
    const LoadedConfig loaded = load(command);
    const connectors::ConnectorSet connectors(loaded.config.connector_paths, copiesFolder(loaded.config));
    return explainKey(command.explain, loaded, connectors, std::cout, std::cerr);
  }
  const LoadedConfig loaded = loadAndCheck(command, true);
  if (!certificateFits(loaded.config.http) || !loaded.ok()) return kExitFailed;
  std::size_t channels = 0;
  for (const auto& tenant : loaded.config.tenants) channels += tenant.channels.size();
  std::cout << (loaded.config.file.empty() ? "no file" : loaded.config.file) << ": good; "
            << loaded.config.tenants.size() << " tenants, " << channels << " channels\n";
  return kExitOk;
}

int listConnectors(const CommandLine& command) {
  const LoadedConfig loaded = load(command);
  if (!loaded.ok()) {
    std::cerr << loaded.report();
    return kExitFailed;
  }
  const connectors::ConnectorSet connectors(loaded.config.connector_paths, copiesFolder(loaded.config));
  if (command.schema) {
    std::vector<std::pair<std::string, Json>> configs;
    for (const auto& entry : connectors.entries())
      if (entry.manifest) configs.emplace_back(entry.manifest->id, entry.manifest->config.document());
    std::cout << schemaWithConnectors(configs).dump(2) << "\n";
    return kExitOk;
  }
  connectors.print(std::cout, command.json);
  return kExitOk;
}

int token(const CommandLine& command) {
  const LoadedConfig loaded = load(command);
  if (loaded.ok()) return runToken(command, loaded.config, std::cout, std::cerr);
  std::cerr << loaded.report();
  return kExitFailed;
}

int status(const CommandLine& command) {
  const LoadedConfig loaded = load(command);
  if (loaded.ok()) return runStatus(command, loaded.config, std::cout, std::cerr);
  std::cerr << loaded.report();
  return kExitFailed;
}

int outbox(const CommandLine& command) {
  const LoadedConfig loaded = load(command);
  if (!loaded.ok()) {
    std::cerr << loaded.report();
    return kExitFailed;
  }
  return runOutbox(command, loaded.config, std::cout, std::cerr);
}

int run(const std::vector<std::string>& arguments, char** argv) {
  const ParsedOptions parsed = parseOptions(arguments);
  if (!parsed.ok()) {
    std::cerr << parsed.error << "\n";
    return kExitUsage;
  }
  const CommandLine& command = parsed.command;
  switch (command.kind) {
    case CommandKind::kServe:
      return serve(command, argv);
    case CommandKind::kCheckConfig:
      return checkConfig(command);
    case CommandKind::kConnectors:
      return listConnectors(command);
    case CommandKind::kCheck: {
      connectors::CheckOptions options;
      options.library = command.library;
      options.transcripts = command.transcripts;
      options.only = command.only;
      options.json = command.json_file;
      return connectors::runCheck(options, std::cout, std::cerr);
    }
    case CommandKind::kNew:
      return runNew(command, std::filesystem::read_symlink("/proc/self/exe"), std::cout, std::cerr);
    case CommandKind::kTokenCreate:
    case CommandKind::kTokenList:
    case CommandKind::kTokenRevoke:
      return token(command);
    case CommandKind::kOutboxList:
    case CommandKind::kOutboxShow:
    case CommandKind::kOutboxRetry:
    case CommandKind::kOutboxDrop:
      return outbox(command);
    case CommandKind::kStatus:
      return status(command);
    case CommandKind::kVersion:
      std::cout << "patchbay " << kVersion << "\n";
      return kExitOk;
    case CommandKind::kHelp:
      std::cout << command.help;
      return kExitOk;
  }
  return kExitUsage;
}

}  // namespace
}  // namespace patchbay::app

int main(int argc, char** argv) {
  try {
    return patchbay::app::run({argv + 1, argv + argc}, argv);
  } catch (const std::exception& error) {
    std::cerr << "patchbay: " << error.what() << "\n";
    return patchbay::app::kExitFailed;
  }
}
