#include "app/options.hpp"

#include <algorithm>
#include <functional>

#include "app/values.hpp"
#include "base/text.hpp"

namespace patchbay::app {
namespace {

/// Takes the value of an option. @return "" or the rule it breaks.
using Take = std::function<std::string(CommandLine&, const std::string&)>;

struct Option {
  std::string_view name;   ///< with the dashes
  std::string_view value;  ///< what to call it in the help; empty: a switch
  std::string_view help;
  Take take;
};

struct Command {
  CommandKind kind;
  std::string_view name;
  std::string_view operand;  ///< in the help, "" when it takes none, in [] when optional
  std::string_view summary;
  std::vector<Option> options;
  Take take_operand;
};

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
  const bool fits = line.ttl >= std::chrono::minutes(1) && line.ttl <= std::chrono::hours(24 * 366);
  return fits ? "" : "must be a duration from 1m to 366d (a number with s, m, h or d, as in 12h)";
}

const std::vector<Command>& commands() {
  static const Option kConfig{"--config", "FILE",
                              "the configuration (default: /etc/patchbay/patchbay.yaml, if it is there)",
                              into(&CommandLine::config)};
  static const Option kDataDir{"--data-dir", "DIR", "where the database, media and secrets are kept",
                               overriding(&Overrides::data_dir)};
  static const Option kDatabase{"--database-url", "URL", "PostgreSQL to use instead of the embedded one", takeDatabase};
  static const std::vector<Command> kCommands = {
      {CommandKind::kServe,
       "serve",
       "",
       "run the service (this is the default command)",
       {kConfig,
        {"--host", "HOST", "address of the public listener (default 0.0.0.0)", overriding(&Overrides::host)},
        {"--port", "N", "its port (default 8003; 0: any)", port(&Overrides::port)},
        {"--internal-port", "N", "port of the internal listener (default 8004; 0: any)",
         port(&Overrides::internal_port)},
        kDataDir,
        kDatabase,
        {"--log-level", "LEVEL", "debug, info, warn or error (default info)", takeLevel}},
       {}},
      {CommandKind::kCheckConfig,
       "check-config",
       "[FILE]",
       "check a configuration and every channel in it",
       {kConfig, kDataDir},
       into(&CommandLine::config)},
      {CommandKind::kConnectors,
       "connectors",
       "",
       "list the connectors that are installed",
       {kConfig,
        kDataDir,
        {"--json", "", "as JSON",
         [](CommandLine& line, const std::string&) {
           line.json = true;
           return "";
         }}},
       {}},
      {CommandKind::kCheck,
       "check",
       "LIBRARY",
       "test a connector: its transcripts and what every connector must hold to",
       {{"--transcripts", "DIR", "folder of its transcripts", into(&CommandLine::transcripts)},
        {"--json", "FILE", "write the results there", into(&CommandLine::json_file)}},
       into(&CommandLine::library)},
      {CommandKind::kTokenCreate,
       "token create",
       "",
       "make an API token for a tenant and print it",
       {{"--tenant", "SLUG", "the tenant (required)", takeTenant},
        {"--role", "ROLE", "super_admin, tenant_admin or tenant_user (default tenant_admin)", takeRole},
        {"--ttl", "DURATION", "how long it is good for (default 24h)", takeTtl},
        kConfig,
        kDataDir,
        kDatabase},
       {}},
      {CommandKind::kVersion, "version", "", "print the version", {}, {}},
  };
  return kCommands;
}

void putRow(std::string& out, const std::string& left, std::string_view right) {
  constexpr std::size_t kColumn = 26;
  out.append("  ")
      .append(left)
      .append(left.size() < kColumn ? kColumn - left.size() : 1, ' ')
      .append(right)
      .append("\n");
}

std::string commandHelp(const Command& command) {
  std::string out = "usage: patchbay " + std::string(command.name);
  if (!command.operand.empty()) out.append(" ").append(command.operand);
  if (!command.options.empty()) out.append(" [options]");
  out.append("\n\n").append(command.summary).append("\n\n");
  for (const Option& option : command.options) {
    putRow(out, std::string(option.name) + (option.value.empty() ? "" : " " + std::string(option.value)), option.help);
  }
  putRow(out, "-h, --help", "this text");
  return out + "\nexit status: 0 it worked, 1 it failed, 2 the command line is wrong\n";
}

std::string failure(const std::string& message, std::string_view guess, std::string_view command) {
  std::string out = "patchbay: " + message;
  if (!guess.empty()) out.append("; did you mean '").append(guess).append("'?");
  return out.append("\ntry: patchbay ").append(command).append(command.empty() ? "--help" : " --help");
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  ParsedOptions parse() {
    if (at_ < arguments_.size() && isHelp(arguments_[at_])) return help(helpText());
    if (at_ < arguments_.size() && arguments_[at_] == "help") {
      ++at_;
      if (at_ == arguments_.size()) return help(helpText());
      if (!chooseCommand()) return std::move(result_);
      return help(commandHelp(*command_));
    }
    if (!chooseCommand()) return std::move(result_);
    result_.command.kind = command_->kind;
    while (at_ < arguments_.size() && result_.ok()) {
      const std::string argument = arguments_[at_++];
      if (!options_ended_ && isHelp(argument)) return help(commandHelp(*command_));
      if (!options_ended_ && argument == "--") {
        options_ended_ = true;
      } else if (!options_ended_ && argument.size() > 1 && argument[0] == '-') {
        option(argument);
      } else {
        operand(argument);
      }
    }
    if (result_.ok()) requireAll();
    return std::move(result_);
  }

 private:
  static bool isHelp(const std::string& argument) { return argument == "--help" || argument == "-h"; }

  static ParsedOptions help(std::string text) {
    ParsedOptions parsed;
    parsed.command.kind = CommandKind::kHelp;
    parsed.command.help = std::move(text);
    return parsed;
  }

  void fail(const std::string& message, std::string_view guess = {}) {
    result_.error = failure(message, guess, command_ != nullptr ? command_->name : "");
  }

  /// No word, or an option first: serve.
  bool chooseCommand() {
    command_ = &commands().front();
    if (at_ == arguments_.size()) return true;
    std::string word = arguments_[at_];
    if (word == "--version") word = "version";
    if (word.starts_with('-')) return true;
    ++at_;
    if (word == "token" && at_ < arguments_.size() && !arguments_[at_].starts_with('-'))
      word += " " + arguments_[at_++];
    std::vector<std::string> names{"help"};
    for (const Command& command : commands()) {
      names.emplace_back(command.name);
      if (command.name == word) {
        command_ = &command;
        return true;
      }
    }
    command_ = nullptr;
    if (word == "token") {
      if (at_ < arguments_.size() && isHelp(arguments_[at_])) {
        result_ = help(helpText(CommandKind::kTokenCreate));
      } else {
        fail("'token' needs a word more", "token create");
      }
      return false;
    }
    fail("unknown command '" + word + "'", nearest(word, names));
    return false;
  }

  void option(const std::string& argument) {
    const auto equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    std::vector<std::string> names{"--help"};
    for (const Option& option : command_->options) {
      names.emplace_back(option.name);
      if (option.name == name) return take(option, argument, equals);
    }
    fail("unknown option '" + name + "'", nearest(name, names));
  }

  void take(const Option& option, const std::string& argument, std::size_t equals) {
    const std::string name(option.name);
    if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) return fail(name + " is given twice");
    seen_.push_back(name);
    std::string value;
    if (equals != std::string::npos) {
      if (option.value.empty()) return fail(name + " takes no value");
      value = argument.substr(equals + 1);
    } else if (!option.value.empty()) {
      if (at_ == arguments_.size()) return fail(name + " needs a value: " + name + " " + std::string(option.value));
      value = arguments_[at_++];
    }
    const std::string problem = option.take(result_.command, value);
    if (!problem.empty()) fail(name + ": " + problem + ", got '" + value + "'");
  }

  void operand(const std::string& value) {
    if (!command_->take_operand) return fail("'" + value + "' is one word too many");
    if (operand_taken_) return fail("'" + value + "' is one word too many: only one " + std::string(command_->operand));
    operand_taken_ = true;
    const std::string problem = command_->take_operand(result_.command, value);
    if (!problem.empty()) fail(std::string(command_->operand) + ": " + problem);
  }

  void requireAll() {
    if (command_->kind == CommandKind::kCheck && !operand_taken_) fail("LIBRARY is missing: the connector's .so file");
    if (command_->kind == CommandKind::kTokenCreate && result_.command.tenant.empty()) fail("--tenant is missing");
    if (command_->kind == CommandKind::kCheckConfig && operand_taken_ && !seen_.empty())
      fail("the file is given twice");
  }

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  const Command* command_ = nullptr;
  ParsedOptions result_;
  std::vector<std::string> seen_;
  bool options_ended_ = false;
  bool operand_taken_ = false;
};

}  // namespace

ParsedOptions parseOptions(const std::vector<std::string>& arguments) {
  return Parser(arguments).parse();
}

std::string helpText(std::optional<CommandKind> kind) {
  for (const Command& command : commands()) {
    if (kind == command.kind) return commandHelp(command);
  }
  std::string out =
      "usage: patchbay [command] [options]\n\n"
      "Connects customer channels to one shared inbox.\n\n";
  for (const Command& command : commands()) {
    putRow(out, std::string(command.name) + (command.operand.empty() ? "" : " " + std::string(command.operand)),
           command.summary);
  }
  return out +
         "\nEvery command explains itself: patchbay <command> --help\n"
         "Environment: DATABASE_URL, HOST, PORT, RELOAD, JWT_SECRET_KEY (below the command line, above the file).\n"
         "exit status: 0 it worked, 1 it failed, 2 the command line is wrong\n";
}

}  // namespace patchbay::app
