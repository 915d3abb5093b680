#include "simulators/ses/topic_signer.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>
#include <string_view>

#include "base/crypto.hpp"

namespace patchbay::simulators::ses {
namespace {

template <class T>
T* need(T* object) {
  if (object == nullptr) throw std::runtime_error("OpenSSL cannot make the key of the topics");
  return object;
}

std::string certificateOf(EVP_PKEY* key) {
  X509* certificate = need(X509_new());
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * 365);
  X509_NAME* name = X509_get_subject_name(certificate);
  static constexpr unsigned char kName[] = "sns.simulator.patchbay.example";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, kName, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* out = need(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out, certificate);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_free(certificate);
  return pem;
}

}  // namespace

TopicSigner::TopicSigner()
    : key_(need(EVP_RSA_gen(2048)), [](void* key) { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }),
      pem_(certificateOf(static_cast<EVP_PKEY*>(key_.get()))),
      path_("/SimpleNotificationService-" +
            crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, pem_)).substr(0, 32) + ".pem") {}

void TopicSigner::sign(Json& message) const {
  const std::string type = message.at("Type");
  std::string covered;
  for (const char* name :
       {"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}) {
    const std::string_view member = name;
    const bool confirmation = type != "Notification";
    if (confirmation ? member == "Subject" : member == "SubscribeURL" || member == "Token") continue;
    if (message.contains(name)) covered += std::string(name) + "\n" + message.at(name).get<std::string>() + "\n";
  }
  EVP_MD_CTX* context = need(EVP_MD_CTX_new());
  const EVP_MD* digest = message.at("SignatureVersion") == "1" ? EVP_sha1() : EVP_sha256();
  std::string signature(512, '\0');
  std::size_t size = signature.size();
  EVP_DigestSignInit(context, nullptr, digest, nullptr, static_cast<EVP_PKEY*>(key_.get()));
  const int done = EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                                  reinterpret_cast<const unsigned char*>(covered.data()), covered.size());
  EVP_MD_CTX_free(context);
  if (done != 1) throw std::runtime_error("OpenSSL cannot sign a message of a topic");
  message["Signature"] = crypto::base64Encode(signature.substr(0, size));
}

}  // namespace patchbay::simulators::ses
