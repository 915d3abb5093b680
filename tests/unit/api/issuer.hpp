/// An issuer of tokens for tests: makes real keys, publishes them as JWKs and signs with them.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <patchbay/json.hpp>
#include <stdexcept>
#include <string>

#include "base/crypto.hpp"

namespace patchbay::api {

class IssuerKey {
 public:
  static IssuerKey rsa(std::string kid, unsigned bits = 2048) { return {std::move(kid), "RS256", EVP_RSA_gen(bits)}; }
  static IssuerKey ec(std::string kid, const char* curve = "P-256") {
    return {std::move(kid), "ES256", EVP_EC_gen(curve)};
  }

  const std::string& kid() const { return kid_; }
  const std::string& algorithm() const { return algorithm_; }

  Json jwk() const {
    Json key = {{"kid", kid_}, {"use", "sig"}, {"alg", algorithm_}};
    if (isRsa()) {
      key["kty"] = "RSA";
      key["n"] = number(OSSL_PKEY_PARAM_RSA_N);
      key["e"] = number(OSSL_PKEY_PARAM_RSA_E);
    } else {
      key["kty"] = "EC";
      key["crv"] = "P-256";
      key["x"] = number(OSSL_PKEY_PARAM_EC_PUB_X, 32);
      key["y"] = number(OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    return key;
  }

  /// @param header  merged over {alg, typ, kid}; null takes a member out
  std::string sign(const Json& claims, const Json& header = Json::object()) const {
    Json all = {{"alg", algorithm_}, {"typ", "JWT"}, {"kid", kid_}};
    all.merge_patch(header);
    const auto text = crypto::base64UrlEncode(dumpJson(all)) + "." + crypto::base64UrlEncode(dumpJson(claims));
    return text + "." + crypto::base64UrlEncode(signature(text));
  }

  /// SHA-256 and this key, as a JWS has it.
  std::string signature(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
      throw std::runtime_error("cannot sign");
    std::string out(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) != 1)
      throw std::runtime_error("cannot sign");
    out.resize(size);
    return isRsa() ? out : sideBySide(out);
  }

 private:
  IssuerKey(std::string kid, std::string algorithm, EVP_PKEY* key)
      : kid_(std::move(kid)), algorithm_(std::move(algorithm)), key_(key, EVP_PKEY_free) {
    if (key == nullptr) throw std::runtime_error("cannot make a key");
  }

  bool isRsa() const { return algorithm_ == "RS256"; }

  std::string number(const char* name, int width = 0) const {
    BIGNUM* value = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), name, &value) != 1) throw std::runtime_error(name);
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> owned(value, BN_free);
    std::string bytes(static_cast<std::size_t>(width != 0 ? width : BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    return crypto::base64UrlEncode(bytes);
  }

  static std::string sideBySide(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
    std::string out(64, '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes + 32, 32);
    return out;
  }

  std::string kid_, algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
};

inline std::string keySet(std::initializer_list<Json> keys) {
  Json list = Json::array();
  for (const auto& key : keys) list.push_back(key);
  return dumpJson(Json{{"keys", list}});
}

}  // namespace patchbay::api
