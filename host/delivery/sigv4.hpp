/// Signature Version 4: a key per day, region and service proves who makes a request.
/// Source: AWS General Reference, "Create a signed AWS API request"; checked against @smithy/signature-v4.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "delivery/request.hpp"

namespace patchbay::delivery {

struct SigV4Key {
  std::string service;  ///< as the signing scope names it, which need not be the host's name
  std::string region;
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< of temporary credentials; empty: none
};

/// Adds X-Amz-Date, X-Amz-Content-Sha256, X-Amz-Security-Token and Authorization. Everything else of the request must
/// be final. Signed are the host, the content type, every X-Amz- header, the query and the body.
/// @param now  the server refuses a time that is more than minutes away from its own
/// @return kInvalid when the request already has one of these headers; kTooLarge for a body over 64 MiB
std::optional<Error> signSigV4(const SigV4Key& key, Timestamp now, PreparedRequest& request);

}  // namespace patchbay::delivery
