/// The scheme `ecdsa`: a signature (P-256, SHA-256, DER, base64) over a timestamp header and the body.
#pragma once

#include <openssl/types.h>

#include "connectors/signature/guard.hpp"

namespace patchbay::connectors {

class EcdsaGuard : public Guard {
 public:
  /// @return kInvalid when a value of the scheme's key is no public key of the curve P-256.
  static Result<std::unique_ptr<Guard>> make(const SignatureScheme& scheme, const Keys& keys);

  std::string why(const Webhook& webhook, Timestamp now) const override;

  /// Signs as the owner of ecdsaCheckKey(). @throws std::logic_error  the channel's key is another.
  void sign(UnsignedWebhook& webhook, Timestamp now) const override;

 private:
  using Key = std::shared_ptr<EVP_PKEY>;

  EcdsaGuard(const SignatureScheme& scheme, std::vector<Key> keys, std::string newest);

  SignatureScheme scheme_;
  std::vector<Key> keys_;  // every live value; only read
  std::string newest_;     // as configured
};

/// The pair with which `patchbay check` plays a provider that signs: base64 of the DER SubjectPublicKeyInfo and of the
/// PKCS#8 private key. Everybody knows its private half.
struct EcdsaPair {
  std::string public_key;
  std::string private_key;
};
const EcdsaPair& ecdsaCheckKey();

/// Base64 of the DER signature over `timestamp` and `body`, different each time. @throws std::runtime_error  no P-256
/// private key.
std::string ecdsaSign(const std::string& private_key, std::string_view timestamp, std::string_view body);

}  // namespace patchbay::connectors
