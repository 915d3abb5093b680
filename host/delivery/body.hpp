/// The body of a request: built from request.schema.json, read once by the socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "connectors/secrets.hpp"
#include "delivery/blobs.hpp"

namespace patchbay::delivery {

/// Pieces in order: text, or a file that is read when its turn comes.
struct Body {
  struct Piece {
    std::shared_ptr<const std::string> bytes;  ///< null: the file
    std::filesystem::path path;
    std::uint64_t size = 0;
  };
  bool present = false;
  std::vector<Piece> pieces;
  std::string content_type;  ///< empty: the request's own headers say it
  std::uint64_t size() const;

  /// All bytes, for a signature over them. kTooLarge over 64 MiB.
  Result<std::string> bytes() const;
};

/// @return kInvalid naming the member and the rule: an unknown blob, a marker where none is replaced, a bad header of a
/// part
Result<Body> buildBody(const Json& request, const Blobs& blobs, const connectors::Secrets& secrets);

/// Gives out a body from its start to its end. Not thread-safe.
class BodyReader {
 public:
  explicit BodyReader(const Body& body) : body_(body) {}

  /// @return bytes written to `out`, 0 at the end, -1 when a file cannot be read
  std::int64_t read(char* out, std::size_t capacity);
  void rewind();
  std::uint64_t given() const { return given_; }

 private:
  const Body& body_;
  std::size_t piece_ = 0;
  std::uint64_t offset_ = 0;  // in the piece
  std::uint64_t given_ = 0;
  std::ifstream file_;
};

}  // namespace patchbay::delivery
