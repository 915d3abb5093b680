/// The command line as a value. The program dispatches on it before the Poco application exists, which refuses options
/// that it does not know.
///
/// Exit codes of the program: 0 it worked, 1 it failed (the reason is on standard error), 2 the command line is wrong.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace patchbay::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

enum class CommandKind { kServe, kCheckConfig, kConnectors, kCheck, kTokenCreate, kVersion, kHelp };

/// What to do, complete and checked. Only the members of its kind are filled.
struct CommandLine {
  CommandKind kind = CommandKind::kServe;
  std::string help;  ///< kHelp: what to print on standard output

  std::string config;   ///< file; empty: defaultConfigPath()
  Overrides overrides;  ///< serve; the others: data_dir, token create also database_url

  bool json = false;        ///< connectors: print JSON
  std::string library;      ///< check
  std::string transcripts;  ///< check: folder; empty: beside the library's sources, if the tool finds them
  std::string json_file;    ///< check: where results go; empty: nowhere

  std::string tenant;                                ///< token create
  std::string role = "tenant_admin";                 ///< token create: super_admin, tenant_admin or tenant_user
  std::chrono::seconds ttl{std::chrono::hours{24}};  ///< token create
};

struct ParsedOptions {
  CommandLine command;
  std::string error;  ///< one or two lines for standard error, exit code kExitUsage; empty when all is well

  bool ok() const { return error.empty(); }
};

/// @param arguments  without the program's name. `--name value` and `--name=value` are the same; `--` ends the options.
ParsedOptions parseOptions(const std::vector<std::string>& arguments);

/// The text of `patchbay --help`, or of one command's.
std::string helpText(std::optional<CommandKind> kind = std::nullopt);

}  // namespace patchbay::app
