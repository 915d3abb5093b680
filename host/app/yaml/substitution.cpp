#include "app/yaml/substitution.hpp"

namespace patchbay::yaml {
namespace {

bool isName(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
         std::string_view::npos;
}

}  // namespace

Substitution substitute(std::string_view text, const Environment& environment) {
  Substitution result;
  while (!text.empty()) {
    const auto at = text.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && text[at - 1] == '$') {
      result.text.append(text.substr(0, at - 1)).append("${");
      text.remove_prefix(at + 2);
      continue;
    }
    result.text.append(text.substr(0, at));
    text.remove_prefix(at + 2);
    const auto end = text.find('}');
    if (end == std::string_view::npos) {
      result.error = "'${' without '}' (write '$${' for a literal '${')";
      return result;
    }
    const std::string_view inside = text.substr(0, end);
    const auto fallback = inside.find(":-");
    const std::string_view name = inside.substr(0, fallback);
    text.remove_prefix(end + 1);
    if (!isName(name)) {
      result.error = "'${" + std::string(inside) +
                     "}' does not name a variable: letters, digits and '_' (write '$${' for a literal '${')";
      return result;
    }
    result.replaced = true;
    const auto found = environment.find(name);
    if (found != environment.end() && (!found->second.empty() || fallback == std::string_view::npos)) {
      result.text.append(found->second);
    } else if (fallback != std::string_view::npos) {
      result.text.append(inside.substr(fallback + 2));
    } else {
      result.error = "the environment variable " + std::string(name) + " is not set (or give a default: ${" +
                     std::string(name) + ":-...})";
      return result;
    }
  }
  result.text.append(text);
  return result;
}

}  // namespace patchbay::yaml
