#include "connectors/signature/sns_signer.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace patchbay::connectors {
namespace {

void need(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

std::string selfSigned(EVP_PKEY* key) {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), &X509_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  need(certificate && memory, "make a certificate");
  auto* const name = X509_get_subject_name(certificate.get());
  static constexpr unsigned char kName[] = "patchbay check";
  need(X509_set_version(certificate.get(), 2) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1 &&
           ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "20000101000000Z") == 1 &&
           ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "20991231235959Z") == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, kName, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate.get(), name) == 1 && X509_set_pubkey(certificate.get(), key) == 1 &&
           X509_sign(certificate.get(), key, EVP_sha256()) > 0 &&
           PEM_write_bio_X509(memory.get(), certificate.get()) == 1,
       "sign a certificate");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

SnsSigner::SnsSigner() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  need(key != nullptr, "make an RSA key");
  key_ = std::shared_ptr<void>(key, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); });
  pem_ = selfSigned(key);
  certificate_ = SigningCertificate::fromPem(pem_).value();
}

const SnsSigner& SnsSigner::ofThisProcess() {
  static const SnsSigner signer;
  return signer;
}

std::string SnsSigner::sign(crypto::Hash hash, std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* digest = hash == crypto::Hash::kSha1 ? EVP_sha1() : EVP_sha256();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  need(context &&
           EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, static_cast<EVP_PKEY*>(key_.get())) == 1 &&
           EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1,
       "begin a signature");
  std::string signature(size, '\0');
  need(
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) == 1,
      "sign");
  signature.resize(size);
  return signature;
}

}  // namespace patchbay::connectors
