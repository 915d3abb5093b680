/// Options of one command: `--name value` or `--name=value`, flags without value, nothing else.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  /// What stands between the commas, or `otherwise`; an empty value is an empty list.
  std::vector<std::string> list(std::string_view name, std::vector<std::string> otherwise) const;
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

/// Reads a value of --`option` that has settings of its own, "ID=URL,name=value,...".
/// @throws BadInput  a part is not NAME=VALUE, or its name is none of `known`.
void readSettings(std::string_view option, const std::string& text, std::string& id, std::string& url,
                  std::initializer_list<std::pair<std::string_view, std::string*>> known);

}  // namespace patchbay::simulators
