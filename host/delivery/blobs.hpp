/// The bytes that an operation can name as {"$blob": id}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace patchbay::delivery {

/// Bytes in memory or in a file of the store; copying shares them.
struct Blob {
  std::shared_ptr<const std::string> bytes;  ///< null: they are in `path`
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::string mime_type;
  std::string filename;
  std::string sha256;  ///< of files

  static Blob ofBytes(std::string bytes);
  /// All of it in memory. @return kUnavailable when the file cannot be read, kTooLarge over `limit`
  Result<std::string> read(std::uint64_t limit) const;
};

using Blobs = std::map<std::uint64_t, Blob>;

// Ranges, so that the three kinds of blob in one operation never share an id: the host's are below those that the
// connector's own turns hand over (connectors::TurnContext::first_blob).
inline constexpr std::uint64_t kFirstMediaBlob = 1;         ///< files of operation.media
inline constexpr std::uint64_t kMailBlob = 90'000;          ///< operation.mime
inline constexpr std::uint64_t kFirstAnswerBlob = 100'001;  ///< bodies of answers, `into: blob`
inline constexpr std::uint64_t kFirstTurnBlob =
    1'000'000;  ///< of the first step; each later step starts this much higher

}  // namespace patchbay::delivery
