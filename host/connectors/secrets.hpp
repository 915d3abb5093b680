/// The secrets of one channel. Connectors see markers; the values come in at the socket (host/delivery), and in
/// signatures.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace patchbay::connectors {

/// Immutable after construction, so safe to share between threads.
class Secrets {
 public:
  /// @param nonce  128 random bits as hex, new at each start, so that no customer's text can be a marker.
  Secrets(std::map<std::string, std::vector<std::string>> values, std::string nonce);

  /// "{{secret:NAME:<nonce>}}", what the connector's config holds in place of the value.
  std::string marker(std::string_view name) const;

  /// Every live value of `name` (several during a rotation, newest first); empty when there is none.
  const std::vector<std::string>& values(std::string_view name) const;

  bool hasMarker(std::string_view text) const;

  /// `text` with each marker replaced by the newest value. kInvalid when a marker names a secret that is not there.
  Result<std::string> expand(std::string_view text) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::string nonce_;
};

}  // namespace patchbay::connectors
