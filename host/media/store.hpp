/// Files by content: <data_dir>/media/ab/cd/<sha256>. The same bytes are kept once, whoever sent them; who may read
/// them is a row in the tenant's pb_media (repository.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::media {

/// A file of the store, whole and durable.
struct Stored {
  std::string sha256;  ///< lower-case hex
  std::int64_t size = 0;
};

/// Is this how a file of the store is named: 64 lower-case hex digits?
bool isDigest(std::string_view text);

class Folders;

/// Takes bytes as they come and becomes a file at commit(). Without commit() nothing remains. One thread at a time.
class Writer {
 public:
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// @return false when the file would grow over the store's limit; it then takes no more.
  /// @throws std::system_error  the disk is full or broken
  bool append(std::string_view bytes);

  /// Makes the file durable (fsync of file and folder) under its name. Once; takes milliseconds.
  /// @throws std::system_error  the disk is full or broken
  Stored commit();

  std::int64_t size() const { return size_; }
  /// Where the bytes are since commit(); empty before.
  const std::filesystem::path& path() const { return committed_; }

 private:
  friend class Store;
  struct Digest;
  Writer(std::filesystem::path folder, std::shared_ptr<Folders> folders, std::int64_t limit);

  std::filesystem::path folder_;
  std::shared_ptr<Folders> folders_;
  std::filesystem::path temporary_;
  std::filesystem::path committed_;
  std::int64_t limit_;
  std::int64_t size_ = 0;
  int descriptor_ = -1;
  std::unique_ptr<Digest> digest_;
};

/// Thread-safe. Two hosts may share the folder: files only ever appear whole, by rename.
class Store {
 public:
  static constexpr std::int64_t kMaxBytes = 100LL << 20U;

  /// Makes the folder (mode 0700) and removes what interrupted writers left more than an hour ago.
  /// @throws std::system_error  naming the folder when it cannot be used
  explicit Store(std::filesystem::path folder, std::int64_t max_bytes = kMaxBytes);

  std::unique_ptr<Writer> writer() const;

  /// Bytes that are in memory already. @return nothing over the limit
  std::optional<Stored> put(std::string_view bytes) const;

  /// Where the bytes are; nothing when they are not there or `sha256` is not one.
  std::optional<std::filesystem::path> find(std::string_view sha256) const;

  std::int64_t maxBytes() const { return max_bytes_; }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<Folders> folders_;
  std::int64_t max_bytes_;
};

}  // namespace patchbay::media
