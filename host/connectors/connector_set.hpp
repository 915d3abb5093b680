/// The connectors that an installation has: found by their manifests, loaded when a channel needs one.
#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/library.hpp"

namespace patchbay::connectors {

/// Built once at start, then read from any thread; load() is thread-safe.
class ConnectorSet {
 public:
  struct Entry {
    std::string path;
    std::optional<Manifest> manifest;
    std::string error;  ///< why the file is not a usable connector, one line with the remedy; empty when it is
  };

  /// @param paths   folders (their *.so files, by name) and single libraries; the first of two with one id wins.
  /// @param copies  see Loader.
  ConnectorSet(const std::vector<std::string>& paths, std::string copies);
  /// The same over a loader that outlives this set: what has not changed since it was loaded stays one library.
  ConnectorSet(const std::vector<std::string>& paths, Loader& loader);

  /// In the order of the search, the unusable ones among them.
  const std::vector<Entry>& entries() const { return entries_; }

  const Manifest* find(std::string_view id) const;

  /// The entry of a connector, without loading it.
  /// @return the errors of load() that do not need its code
  Result<const Entry*> locate(std::string_view id) const;
  /// SHA-256 of a connector's file as it is now, hex.
  Result<std::string> digest(std::string_view id) const;

  /// Loads the library on its first use.
  /// @return kNotFound for an unknown id (naming the nearest, or the file that would have been it), kInvalid when it
  /// does
  ///         not load. The message names the file, the reason and the remedy.
  Result<std::shared_ptr<Library>> load(std::string_view id);

  /// What `patchbay connectors` prints: a table (or where it has looked, when there is nothing to show), or with `json`
  /// a list of {path, id, name, version, platform, ..., error}.
  void print(std::ostream& out, bool json) const;

 private:
  void search();
  void add(const std::string& path);

  std::vector<std::string> paths_;  // as they were given
  std::vector<Entry> entries_;
  std::unique_ptr<Loader> own_;  // null when the loader is somebody else's
  Loader& loader_;
};

}  // namespace patchbay::connectors
