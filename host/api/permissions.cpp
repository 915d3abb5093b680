#include "api/permissions.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace patchbay::api {

bool covers(std::string_view entry, std::string_view permission) {
  if (entry == "*" || entry == permission) return true;
  // "conversations.*" covers what starts with "conversations.", dot included, and nothing of "conversations_archive".
  return entry.size() > 2 && entry.ends_with(".*") && permission.starts_with(entry.substr(0, entry.size() - 1));
}

bool covers(const std::vector<std::string>& list, std::string_view permission) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& entry) { return covers(entry, permission); });
}

std::string permissionProblem(std::string_view entry, const std::vector<std::string>& vocabulary) {
  for (const auto& word : vocabulary)
    if (covers(entry, word)) return {};
  std::vector<std::string> near = vocabulary;
  std::string all;
  for (const auto& word : vocabulary) {
    all += (all.empty() ? "" : ", ") + word;
    near.push_back(word.substr(0, word.find('.')) + ".*");
  }
  const auto guess = nearest(entry, near);
  return "there is no permission '" + std::string(entry) + "'" +
         (guess.empty() ? "" : "; did you mean '" + std::string(guess) + "'?") + " There are: " + all +
         ", and with a wildcard group.* or *";
}

}  // namespace patchbay::api
