#include "app/options.hpp"

#include <algorithm>

#include "app/command_table.hpp"
#include "app/values.hpp"
#include "base/text.hpp"

namespace patchbay::app {
namespace {

void putRow(std::string& out, const std::string& left, std::string_view right) {
  constexpr std::size_t kColumn = 26;
  out.append("  ")
      .append(left)
      .append(left.size() < kColumn ? kColumn - left.size() : 1, ' ')
      .append(right)
      .append("\n");
}

/// "LIBRARY", "[FILE]", "ID..."; empty when it takes none.
std::string operandsOf(const Command& command) {
  std::string out;
  for (const Operand& operand : command.operands) {
    std::string word = std::string(operand.name) + (operand.repeatable ? "..." : "");
    if (operand.missing.empty()) word = "[" + word + "]";
    out.append(out.empty() ? "" : " ").append(word);
  }
  return out;
}

/// The command as one line of usage: its name and operands.
std::string callOf(const Command& command) {
  const std::string operands = operandsOf(command);
  return std::string(command.name) + (operands.empty() ? "" : " " + operands);
}

std::string commandHelp(const Command& command) {
  std::string out = "usage: patchbay " + callOf(command);
  if (!command.options.empty()) out.append(" [options]");
  out.append("\n\n").append(command.summary).append("\n\n");
  for (const Option& option : command.options) {
    std::string help(option.help);
    if (option.required) help += " (required)";
    if (option.repeatable) help += " (may be repeated)";
    putRow(out, std::string(option.name) + (option.value.empty() ? "" : " " + std::string(option.value)), help);
  }
  putRow(out, "-h, --help", "this text");
  return out + "\nexit status: 0 it worked, 1 it failed, 2 the command line is wrong\n";
}

/// "token" of "token create"; empty for a command of one word.
std::string_view groupOf(const Command& command) {
  const auto space = command.name.find(' ');
  return space == std::string_view::npos ? std::string_view{} : command.name.substr(0, space);
}

/// The second words of a group, in the order of the table; none when there is no such group.
std::vector<std::string> wordsOf(std::string_view group) {
  std::vector<std::string> words;
  for (const Command& command : commands())
    if (groupOf(command) == group && !group.empty()) words.emplace_back(command.name.substr(group.size() + 1));
  return words;
}

std::string groupHelp(std::string_view group) {
  std::string out = "usage: patchbay " + std::string(group) + " <command> [options]\n\n";
  for (const Command& command : commands())
    if (groupOf(command) == group) putRow(out, callOf(command), command.summary);
  return out + "\nEvery command explains itself: patchbay " + std::string(group) + " <command> --help\n";
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
      for_help_ = true;
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

  void fail(const std::string& message, std::string_view guess = {}, std::string_view group = {}) {
    result_.error = failure(message, guess, command_ != nullptr ? command_->name : group);
  }

  /// No word, or an option first: serve. @return false when there is no command to go on with: see result_
  bool chooseCommand() {
    command_ = &commands().front();
    if (at_ == arguments_.size()) return true;
    std::string word = arguments_[at_];
    if (word == "--version") word = "version";
    if (word.starts_with('-')) return true;
    ++at_;
    if (const auto words = wordsOf(word); !words.empty()) return chooseInGroup(word, words);
    std::vector<std::string> names{"help"};
    for (const Command& command : commands()) {
      names.emplace_back(groupOf(command).empty() ? command.name : groupOf(command));
      if (choose(command, word)) return true;
    }
    command_ = nullptr;
    fail("unknown command '" + word + "'", nearest(word, names));
    return false;
  }

  bool chooseInGroup(const std::string& group, const std::vector<std::string>& words) {
    const bool asked = for_help_ && at_ == arguments_.size();
    if (asked || (at_ < arguments_.size() && isHelp(arguments_[at_]))) {
      result_ = help(groupHelp(group));
      return false;
    }
    command_ = nullptr;
    if (at_ == arguments_.size() || arguments_[at_].starts_with('-')) {
      std::string all;
      for (const auto& word : words) all.append(all.empty() ? "" : word == words.back() ? " or " : ", ").append(word);
      fail("'" + group + "' needs a word more: " + all, {}, group);
      return false;
    }
    const std::string word = arguments_[at_++];
    for (const Command& command : commands())
      if (choose(command, group + " " + word)) return true;
    const auto guess = nearest(word, words);
    fail("unknown command '" + group + " " + word + "'", guess.empty() ? "" : group + " " + std::string(guess), group);
    return false;
  }

  bool choose(const Command& command, const std::string& name) {
    if (command.name != name) return false;
    command_ = &command;
    return true;
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
    if (!option.repeatable && seen(option)) return fail(name + " is given twice");
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

  bool seen(const Option& option) const { return std::find(seen_.begin(), seen_.end(), option.name) != seen_.end(); }

  void operand(const std::string& value) {
    const auto& operands = command_->operands;
    std::size_t index = operands_taken_++;
    if (index >= operands.size() && !operands.empty() && operands.back().repeatable) index = operands.size() - 1;
    if (index >= operands.size()) {
      const std::string only = operands.size() == 1 ? ": only one " + std::string(operands.front().name) : "";
      return fail("'" + value + "' is one word too many" + only);
    }
    const std::string problem = operands[index].take(result_.command, value);
    if (!problem.empty()) fail(std::string(operands[index].name) + ": " + problem + ", got '" + value + "'");
  }

  void requireAll() {
    for (std::size_t i = operands_taken_; i < command_->operands.size(); ++i) {
      const Operand& operand = command_->operands[i];
      if (!operand.missing.empty())
        return fail(std::string(operand.name) + " is missing: " + std::string(operand.missing));
    }
    for (const Option& option : command_->options)
      if (option.required && !seen(option)) return fail(std::string(option.name) + " is missing");
    if (!command_->check) return;
    const std::string problem = command_->check(result_.command);
    if (!problem.empty()) fail(problem);
  }

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  const Command* command_ = nullptr;
  ParsedOptions result_;
  std::vector<std::string> seen_;
  bool options_ended_ = false;
  std::size_t operands_taken_ = 0;
  bool for_help_ = false;  // after the word help
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
    putRow(out, callOf(command), command.summary);
  }
  return out +
         "\nEvery command explains itself: patchbay <command> --help\n"
         "Environment: DATABASE_URL, HOST, PORT, RELOAD, JWT_SECRET_KEY (below the command line, above the file).\n"
         "exit status: 0 it worked, 1 it failed, 2 the command line is wrong\n";
}

}  // namespace patchbay::app
