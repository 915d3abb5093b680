#include "simulators/sendgrid/signature.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>

#include "base/crypto.hpp"

namespace patchbay::simulators::sendgrid {

std::string signature(const std::string& private_key, std::string_view timestamp, std::string_view body) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  const std::string der = crypto::base64Decode(private_key).value_or("");
  const unsigned char* at = bytes(der);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      d2i_PrivateKey(EVP_PKEY_EC, nullptr, &at, static_cast<long>(der.size())), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string text(timestamp);
  text += body;
  std::string made(256, '\0');
  std::size_t size = made.size();
  if (!key || !context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(made.data()), &size, bytes(text), text.size()) !=
          1)
    throw std::runtime_error("the signing key is no P-256 private key");
  made.resize(size);
  return crypto::base64Encode(made);
}

}  // namespace patchbay::simulators::sendgrid
