/// A connector's shared library, loaded and checked. What is wrong with one never touches the others.
#pragma once

#include <patchbay/connector.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.hpp"
#include "connectors/manifest.hpp"

namespace patchbay::connectors {

/// Stays loaded for as long as somebody holds it: every channel does. Immutable.
class Library {
 public:
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const std::string& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }
  /// Functions that a connector of an older minor version does not have are null.
  const pb_connector& functions() const { return functions_; }

 private:
  friend class Loader;
  struct Handle;
  Library() = default;

  std::string path_;
  Manifest manifest_;
  pb_connector functions_{};
  std::unique_ptr<Handle> handle_;  // unmaps the code when it goes
};

/// Loads libraries. One per process, since the dynamic linker's table is one per process. Thread-safe.
class Loader {
 public:
  /// @param copies  folder for copies, made when needed: the dynamic linker returns the old code for a path that it
  /// knows,
  ///                so a file that has changed since is loaded from a copy named after its content.
  explicit Loader(std::string copies);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Opens the library, calls its entry function and checks what it returns.
  ///
  /// @param path  absolute, or relative to the working directory.
  /// @return the one that is loaded already when the content is the same; else kInvalid: one line with what is wrong
  /// and
  ///         what helps, without the file's name.
  Result<std::shared_ptr<Library>> load(const std::string& path);

 private:
  Result<std::shared_ptr<Library>> loadContent(const std::string& path);
  struct Known {
    std::string digest;
    std::weak_ptr<Library> library;
  };
  struct Seen {
    std::string version;  // of the file: device, inode, size and time of change
    std::weak_ptr<Library> library;
  };

  std::string copies_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by path as the dynamic linker got it
  std::map<std::string, Seen> seen_;    // by path as the caller gave it: a file that has not changed is not read again
};

}  // namespace patchbay::connectors
