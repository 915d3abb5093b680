/// Every command of the program with its options: the parser and the help texts read it, nothing else knows them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.hpp"

namespace patchbay::app {

/// Takes the value of an option or an operand. @return "" or the rule it breaks.
using Take = std::function<std::string(CommandLine&, const std::string&)>;

struct Option {
  std::string_view name;   ///< with the dashes
  std::string_view value;  ///< what to call it in the help; empty: a switch
  std::string_view help;
  Take take;
  bool required = false;
  bool repeatable = false;  ///< may be given again, `take` is called each time
};

/// A word that is not an option. Operands are filled in order.
struct Operand {
  std::string_view name;  ///< in capitals
  Take take;
  std::string_view missing = {};  ///< what it is, for the message when it is left out; empty: it may be left out
  bool repeatable = false;        ///< the last one may: takes all words that are left
};

struct Command {
  CommandKind kind;
  std::string_view name;  ///< one word, or a group and a word: "token create"
  std::string_view summary;
  std::vector<Option> options;
  std::vector<Operand> operands = {};
  /// Rules between options, after all have been taken. @return "" or the rule that is broken
  std::function<std::string(const CommandLine&)> check = {};
};

/// In the order of the help; the first is what runs without a word.
const std::vector<Command>& commands();

}  // namespace patchbay::app
