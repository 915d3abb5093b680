/// A key with a certificate of its own, for whoever plays the topic service (`patchbay check`, tests).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "connectors/signature/signing_certificate.hpp"

namespace patchbay::connectors {

/// Immutable; thread-safe.
class SnsSigner {
 public:
  /// A new RSA key of 2048 bits; takes a fraction of a second. @throws std::runtime_error when OpenSSL fails
  SnsSigner();

  /// Made when it is first asked for; its key never leaves the process.
  static const SnsSigner& ofThisProcess();

  std::string sign(crypto::Hash hash, std::string_view text) const;
  const std::string& pem() const { return pem_; }  ///< of the certificate, valid from 2000 to 2099
  std::shared_ptr<const SigningCertificate> certificate() const { return certificate_; }

 private:
  std::shared_ptr<void> key_;  // EVP_PKEY
  std::string pem_;
  std::shared_ptr<const SigningCertificate> certificate_;
};

}  // namespace patchbay::connectors
