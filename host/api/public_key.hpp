/// Keys of others that verify tokens. A key knows its one algorithm (RFC 8725, 3.1): what the token says of itself is
/// compared with it, never obeyed.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace patchbay::api {

/// Immutable; any thread. Copies share the key.
class PublicKey {
 public:
  enum class Algorithm {
    kRs256,  ///< RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3)
    kEs256,  ///< ECDSA on P-256 with SHA-256 (RFC 7518, 3.4)
  };

  /// @param modulus, exponent  big-endian, as in a JWK
  /// @return kInvalid: not 2048 to 4096 bits, or an exponent that is even, less than 3 or over 32 bits
  static Result<PublicKey> rsa(std::string_view modulus, std::string_view exponent);

  /// @param x, y  32 bytes each; kInvalid when they are no point of the curve
  static Result<PublicKey> p256(std::string_view x, std::string_view y);

  Algorithm algorithm() const { return algorithm_; }
  std::string_view algorithmName() const { return algorithm_ == Algorithm::kRs256 ? "RS256" : "ES256"; }

  /// @param signature  raw bytes as a JWS has them: as long as the modulus, or r and s of 32 bytes each
  bool verify(std::string_view text, std::string_view signature) const;

 private:
  PublicKey(Algorithm algorithm, std::shared_ptr<evp_pkey_st> key, std::size_t signature_bytes)
      : algorithm_(algorithm), key_(std::move(key)), signature_bytes_(signature_bytes) {}

  Algorithm algorithm_;
  std::shared_ptr<evp_pkey_st> key_;
  std::size_t signature_bytes_;
};

}  // namespace patchbay::api
