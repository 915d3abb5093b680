/// Signature Version 4 from the server's side: takes a request apart and computes what its signature should be.
/// Written apart from the host's, so that one checks the other; @aws-sdk/client-sesv2 checks both.
#pragma once

#include <string>

#include "base/time.hpp"
#include "simulators/common/http_server.hpp"

namespace patchbay::simulators::ses {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty: none is expected
  std::string region;
};

/// What AWS answers to a request that is not signed as it should be: `type` empty when it is.
struct SignatureProblem {
  std::string type;
  std::string message;
};

/// @param service  "ses" or "s3", as the scope must name it
SignatureProblem checkSignature(const HttpRequest& request, const Credentials& credentials, const std::string& service,
                                Timestamp now);

}  // namespace patchbay::simulators::ses
