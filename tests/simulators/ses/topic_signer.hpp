/// SNS as a signer: a key, its certificate, and the text that a signature covers.
#pragma once

#include <memory>
#include <string>

#include <patchbay/json.hpp>

namespace patchbay::simulators::ses {

/// Thread-safe.
class TopicSigner {
 public:
  /// A new RSA key and a self-signed certificate. @throws std::runtime_error
  TopicSigner();

  const std::string& certificate() const { return pem_; }
  /// The path under which the certificate is served: its name is the hash of what it is.
  const std::string& path() const { return path_; }

  /// Sets Signature, by the SignatureVersion ("1" or "2") and the other members of an SNS message.
  void sign(Json& message) const;

 private:
  std::shared_ptr<void> key_;  // EVP_PKEY
  std::string pem_;
  std::string path_;
};

}  // namespace patchbay::simulators::ses
