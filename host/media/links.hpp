/// Addresses under which a provider may fetch one file for a while, without a token of ours. An address says which file
/// of which tenant and until when, and proves by a keyed hash that we made it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace patchbay::media {

/// Immutable; any thread. Hosts that share the folder of files share its key, and serve each other's links.
class Links {
 public:
  struct Target {
    std::string tenant;
    std::string sha256;
  };

  /// Reads the key beside the files, or makes one (32 random bytes, mode 0600).
  /// @throws std::system_error, std::runtime_error  naming the file
  explicit Links(const std::filesystem::path& folder);

  /// Text for one segment of a path: letters, digits, '-', '_', '.'; at most 300 of them.
  std::string make(const Target& target, Timestamp expires) const;

  /// Whose file it is; nothing when we did not make it, or it has expired.
  std::optional<Target> open(std::string_view token, Timestamp now) const;

 private:
  std::string code(std::string_view payload) const;
  std::string key_;
};

}  // namespace patchbay::media
