/// Files that Meta keeps for us: uploaded by the business or attached by customers.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "simulators/common/ids.hpp"

namespace patchbay::simulators::whatsapp {

struct MediaFile {
  std::string id;
  std::string bytes;
  std::string mime_type;  ///< may carry parameters
  std::string sha256;     ///< raw 32 bytes: Meta prints it as hex here and as base64 there
};

/// Thread-safe. Download URLs carry a key that is made anew for each and dies after `url_lifetime`.
class MediaStore {
 public:
  MediaStore(Ids& ids, std::chrono::milliseconds url_lifetime) : ids_(ids), url_lifetime_(url_lifetime) {}

  /// @param id  empty: a new one is made.
  MediaFile add(std::string bytes, std::string mime_type, std::string id = {});
  std::optional<MediaFile> find(const std::string& id) const;
  bool remove(const std::string& id);

  /// Path and query under which the file can be fetched for a while; the file must exist.
  std::string newDownloadPath(const std::string& id);
  /// The file behind a key while the key is young enough.
  std::optional<MediaFile> open(const std::string& id, const std::string& key) const;

  void setUrlLifetime(std::chrono::milliseconds lifetime);

 private:
  struct Key {
    std::string id;
    std::chrono::steady_clock::time_point made;
  };
  Ids& ids_;
  mutable std::mutex mutex_;  // guards what follows
  std::chrono::milliseconds url_lifetime_;
  std::map<std::string, MediaFile> files_;
  std::map<std::string, Key> keys_;
};

}  // namespace patchbay::simulators::whatsapp
