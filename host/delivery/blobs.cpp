#include "delivery/blobs.hpp"

#include <fstream>

namespace patchbay::delivery {

Blob Blob::ofBytes(std::string bytes) {
  Blob blob;
  blob.size = bytes.size();
  blob.bytes = std::make_shared<const std::string>(std::move(bytes));
  return blob;
}

Result<std::string> Blob::read(std::uint64_t limit) const {
  if (size > limit)
    return Error{
        ErrorKind::kTooLarge, "blob_too_large",
        "a blob of " + std::to_string(size) + " bytes is over the limit of " + std::to_string(limit) + " here"};
  if (bytes) return *bytes;
  std::ifstream file(path, std::ios::binary);
  std::string content(size, '\0');
  if (!file.read(content.data(), static_cast<std::streamsize>(size)))
    return Error{ErrorKind::kUnavailable, "blob_unreadable", "a file of the media store cannot be read"};
  return content;
}

}  // namespace patchbay::delivery
