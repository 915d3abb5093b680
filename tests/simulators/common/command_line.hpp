/// Options of one command: `--name value` or `--name=value`, flags without value, nothing else.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::simulators {

struct OptionRule {
  std::string_view name;   ///< without the dashes
  std::string_view value;  ///< what stands for the value in the help; empty: a flag
  std::string_view help;
};

class CommandLine {
 public:
  /// @throws BadInput  unknown option, value missing, or an argument that is no option; near misses are named.
  CommandLine(std::span<const OptionRule> rules, const std::vector<std::string>& arguments);

  bool has(std::string_view name) const;
  /// The last value given, or `otherwise`.
  std::string get(std::string_view name, std::string_view otherwise) const;
  std::vector<std::string> all(std::string_view name) const;
  /// @throws BadInput  not a whole number within [low, high].
  long long number(std::string_view name, long long otherwise, long long low, long long high) const;

  static std::string help(std::span<const OptionRule> rules);

 private:
  struct Given {
    std::string name;
    std::string value;
  };
  std::vector<Given> given_;
};

}  // namespace patchbay::simulators
