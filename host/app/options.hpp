/// The command line as a value. The program dispatches on it before the Poco application exists, which refuses options
/// that it does not know.
///
/// Exit codes of the program: 0 it worked, 1 it failed (the reason is on standard error), 2 the command line is wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace patchbay::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

enum class CommandKind {
  kServe,
  kCheckConfig,
  kConnectors,
  kCheck,
  kNew,
  kTokenCreate,
  kTokenList,
  kTokenRevoke,
  kOutboxList,
  kOutboxShow,
  kOutboxRetry,
  kOutboxDrop,
  kStatus,
  kVersion,
  kHelp
};

/// What to do, complete and checked. Only the members of its kind are filled.
struct CommandLine {
  CommandKind kind = CommandKind::kServe;
  std::string help;  ///< kHelp: what to print on standard output

  std::string config;   ///< file; empty: defaultConfigPath()
  Overrides overrides;  ///< serve; the others: data_dir, token create also database_url

  std::string explain;      ///< check-config: the key to tell about; empty: check the file
  bool schema = false;      ///< connectors: print the configuration's JSON Schema
  bool json = false;        ///< connectors, status, token list, outbox list and show: print JSON
  std::string url;          ///< status: of the internal listener; empty: as configured
  std::string library;      ///< check
  std::string transcripts;  ///< check: folder; empty: none
  std::string json_file;    ///< check: where results go; empty: nowhere
  std::string only;         ///< check: part of a case's name; empty: all cases
  std::string language;     ///< new: c++ or c; empty: c++
  std::string directory;    ///< new: where the connector goes; empty: a folder of its name

  std::string tenant;    ///< token create, token list; outbox: of this one alone
  bool api_key = false;  ///< token create: a key that the database knows, not a JSON Web Token
  std::string role;      ///< token create: super_admin (no key), tenant_admin, tenant_user; empty: the default
  std::string name;      ///< token create, of a key; new: of the connector
  std::vector<std::string> scopes;              ///< token create: permissions; empty: what the role may
  std::optional<std::chrono::seconds> ttl;      ///< token create, of a token; nothing: 24 h
  std::optional<std::chrono::seconds> expires;  ///< token create, of a key; zero: never; nothing: 90 days
  std::int64_t id = 0;                          ///< token revoke

  std::string channel;            ///< outbox list, retry, drop: of this one alone
  std::string state;              ///< outbox list: failed, held, unknown or pending; empty: failed and held
  int limit = 100;                ///< outbox list
  bool all = false;               ///< outbox retry, drop: all that have failed or are held
  std::vector<std::int64_t> ids;  ///< outbox show, retry, drop: of messages
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
