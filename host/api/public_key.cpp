#include "api/public_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string>

namespace patchbay::api {
namespace {

constexpr int kMinModulusBits = 2048;
constexpr int kMaxModulusBits = 4096;  // a verification on an I/O thread must stay short
constexpr std::size_t kCoordinate = 32;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;

const unsigned char* bytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number numberOf(std::string_view bytes) {
  return Number(BN_bin2bn(bytesOf(bytes), static_cast<int>(bytes.size()), nullptr));
}

Error refused(std::string why) {
  ERR_clear_error();  // what OpenSSL has to say about it is said here
  return {ErrorKind::kInvalid, "invalid_key", std::move(why)};
}

/// Null when OpenSSL finds something wrong with it (a point beside the curve, say).
std::shared_ptr<EVP_PKEY> build(const char* type, const Builder& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext maker(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  std::shared_ptr<EVP_PKEY> key(made, EVP_PKEY_free);
  const KeyContext checker(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return checker && EVP_PKEY_public_check(checker.get()) == 1 ? key : nullptr;
}

/// r and s as the DER that OpenSSL reads (RFC 7518, 3.4, has them side by side).
std::string derOf(std::string_view signature) {
  const std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  auto r = numberOf(signature.substr(0, kCoordinate));
  auto s = numberOf(signature.substr(kCoordinate));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  (void)r.release(), (void)s.release();  // the pair owns them
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(der, [](unsigned char* p) { OPENSSL_free(p); });
  return size > 0 ? std::string(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)) : std::string{};
}

}  // namespace

Result<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  // Leading zeros would make a short modulus look long.
  if (modulus.size() > kMaxModulusBits / 8 + 1 || exponent.size() > 8) return refused("its numbers are too long");
  const auto n = numberOf(modulus);
  const auto e = numberOf(exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder) return refused("there is no memory for it");
  const int bits = BN_num_bits(n.get());
  if (bits < kMinModulusBits || bits > kMaxModulusBits)
    return refused("its modulus must have 2048 to 4096 bits, has " + std::to_string(bits));
  if (BN_num_bits(e.get()) > 32 || BN_num_bits(e.get()) < 2 || !BN_is_odd(e.get()))
    return refused("its exponent must be odd, 3 or more, and fit 32 bits");
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return refused("there is no memory for it");
  auto key = build("RSA", builder);
  if (!key) return refused("it is no RSA key");
  return PublicKey(Algorithm::kRs256, std::move(key), static_cast<std::size_t>((bits + 7) / 8));
}

Result<PublicKey> PublicKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) return refused("its coordinates must be 32 bytes each");
  const std::string point = '\x04' + std::string(x) + std::string(y);  // uncompressed (SEC 1, 2.3.3)
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return refused("there is no memory for it");
  auto key = build("EC", builder);
  if (!key) return refused("its coordinates are no point of P-256");
  return PublicKey(Algorithm::kEs256, std::move(key), 2 * kCoordinate);
}

bool PublicKey::verify(std::string_view text, std::string_view signature) const {
  if (signature.size() != signature_bytes_) return false;
  const auto form = algorithm_ == Algorithm::kEs256 ? derOf(signature) : std::string(signature);
  const std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  // For RSA the padding is PKCS#1 v1.5 unless it is set otherwise: exactly RS256.
  const bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                    EVP_DigestVerify(context.get(), bytesOf(form), form.size(), bytesOf(text), text.size()) == 1;
  ERR_clear_error();  // this thread's next user of OpenSSL must not read it as its own
  return good;
}

}  // namespace patchbay::api
