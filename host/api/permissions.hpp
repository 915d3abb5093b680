/// Permissions: words like `conversations.read`, one per operation (`x-patchbay-permission` in openapi.yaml, where the
/// whole vocabulary stands as the enumeration Permission). Tokens and API keys may be limited to a list of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::api {

/// Does an entry of a list cover `permission`? Entries are a permission, all of a group (`conversations.*`), or `*`.
bool covers(std::string_view entry, std::string_view permission);

/// Does the list allow it? Entries that mean nothing here (another service's) allow nothing.
bool covers(const std::vector<std::string>& list, std::string_view permission);

/// Why `entry` cannot stand in an API key's list, where a word that means nothing is a typing mistake; "" when it can.
/// @param vocabulary  Contract::permissions()
std::string permissionProblem(std::string_view entry, const std::vector<std::string>& vocabulary);

}  // namespace patchbay::api
