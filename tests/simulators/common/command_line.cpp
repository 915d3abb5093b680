#include "simulators/common/command_line.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators {

CommandLine::CommandLine(std::span<const OptionRule> rules, const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) throw BadInput("'" + argument + "' is not an option");
    const auto equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const OptionRule& r) { return r.name == name; });
    if (rule == rules.end()) {
      std::vector<std::string> names;
      for (const OptionRule& known : rules) names.emplace_back(known.name);
      const auto near = nearest(name, names);
      throw BadInput("unknown option --" + name + (near.empty() ? "" : "; did you mean --" + std::string(near) + "?"));
    }
    Given given{name, {}};
    if (rule->value.empty()) {
      if (equals != std::string::npos) throw BadInput("--" + name + " takes no value");
    } else if (equals != std::string::npos) {
      given.value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      given.value = arguments[++i];
    } else {
      throw BadInput("--" + name + " needs a value: " + std::string(rule->value));
    }
    given_.push_back(std::move(given));
  }
}

bool CommandLine::has(std::string_view name) const {
  return std::any_of(given_.begin(), given_.end(), [&](const Given& g) { return g.name == name; });
}

std::string CommandLine::get(std::string_view name, std::string_view otherwise) const {
  const auto values = all(name);
  return values.empty() ? std::string(otherwise) : values.back();
}

std::vector<std::string> CommandLine::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const Given& one : given_)
    if (one.name == name) values.push_back(one.value);
  return values;
}

std::vector<std::string> CommandLine::list(std::string_view name, std::vector<std::string> otherwise) const {
  if (!has(name)) return otherwise;
  std::vector<std::string> parts;
  const std::string text = get(name, "");
  for (const std::string_view part : split(text, ','))
    if (!part.empty()) parts.emplace_back(part);
  return parts;
}

long long CommandLine::number(std::string_view name, long long otherwise, long long low, long long high) const {
  const auto values = all(name);
  return values.empty() ? otherwise : parseNumber("--" + std::string(name), values.back(), low, high);
}

std::string CommandLine::help(std::span<const OptionRule> rules) {
  std::string text;
  for (const OptionRule& rule : rules) {
    std::string left = "  --" + std::string(rule.name) + (rule.value.empty() ? "" : " " + std::string(rule.value));
    left.resize(std::max<std::size_t>(left.size() + 2, 36), ' ');
    text += left + std::string(rule.help) + "\n";
  }
  return text;
}

void readSettings(std::string_view option, const std::string& text, std::string& id, std::string& url,
                  std::initializer_list<std::pair<std::string_view, std::string*>> known) {
  const std::string what = "--" + std::string(option) + " '" + text + "': ";
  bool first = true;
  for (const std::string_view part : split(text, ',')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0)
      throw BadInput(what + "'" + std::string(part) + "' is not NAME=VALUE");
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (std::exchange(first, false)) {
      id = name;
      url = value;
      continue;
    }
    const auto* const setting =
        std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.first == name; });
    if (setting == known.end()) throw BadInput(what + "unknown setting '" + std::string(name) + "'");
    *setting->second = value;
  }
}

}  // namespace patchbay::simulators
