#include "connectors/signature/ecdsa.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdexcept>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "connectors/signature/request_parts.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::size_t kMaxSignature = 128;  // base64 of a P-256 signature in DER has 96 characters at most

const unsigned char* bytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  return {key, &EVP_PKEY_free};
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

bool isP256(const EVP_PKEY* key) {
  char group[32];
  std::size_t size = 0;
  return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 && std::string_view(group, size) == "prime256v1";
}

/// Nothing unless `text` is base64 of one DER SubjectPublicKeyInfo of the curve, without anything behind it.
std::shared_ptr<EVP_PKEY> publicKey(std::string_view text) {
  const auto der = crypto::base64Decode(trim(text));
  if (!der) return nullptr;
  const auto* at = bytesOf(*der);
  auto key = owned(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
  ERR_clear_error();
  return at == bytesOf(*der) + der->size() && isP256(key.get()) ? key : nullptr;
}

/// In pieces, since a body of many megabytes is not worth a copy.
bool verifies(EVP_PKEY* key, std::string_view signature, std::string_view timestamp, std::string_view body) {
  const Context context(EVP_MD_CTX_new());
  const bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerifyUpdate(context.get(), timestamp.data(), timestamp.size()) == 1 &&
                    EVP_DigestVerifyUpdate(context.get(), body.data(), body.size()) == 1 &&
                    EVP_DigestVerifyFinal(context.get(), bytesOf(signature), signature.size()) == 1;
  ERR_clear_error();  // a refusal leaves its reason in the thread's queue
  return good;
}

}  // namespace

EcdsaGuard::EcdsaGuard(const SignatureScheme& scheme, std::vector<Key> keys, std::string newest)
    : scheme_(scheme), keys_(std::move(keys)), newest_(std::move(newest)) {}

Result<std::unique_ptr<Guard>> EcdsaGuard::make(const SignatureScheme& scheme, const Keys& keys) {
  std::vector<Key> read;
  for (const auto& value : keys.values(scheme.key)) {
    read.push_back(publicKey(value));
    if (!read.back())
      return Error{ErrorKind::kInvalid, "bad_public_key",
                   "config '" + scheme.key +
                       "' must be a public key: base64 of a DER SubjectPublicKeyInfo of the curve P-256, without the "
                       "lines BEGIN and END"};
  }
  return std::unique_ptr<Guard>(new EcdsaGuard(scheme, std::move(read), keys.newest(scheme.key)));
}

std::string EcdsaGuard::why(const Webhook& webhook, Timestamp now) const {
  const auto given = onlyHeader(*webhook.headers, scheme_.header);
  if (!given) return given.error().message;
  const auto timestamp = onlyHeader(*webhook.headers, scheme_.timestamp_header);
  if (!timestamp) return timestamp.error().message;
  if (scheme_.tolerance.count() > 0) {
    auto late = whyNotTimely(*webhook.headers, scheme_.timestamp_header, scheme_.tolerance.count(), now);
    if (!late.empty()) return late;
  }
  if (given->size() > kMaxSignature) return "header " + scheme_.header + " is too long for a signature";
  const auto signature = crypto::base64Decode(*given);
  // One way to write it: a decoder that forgives would make two signatures of one.
  if (!signature || crypto::base64Encode(*signature) != *given) return "header " + scheme_.header + " is not base64";
  for (const auto& key : keys_)
    if (verifies(key.get(), *signature, *timestamp, webhook.body)) return {};
  return "the signature in " + scheme_.header + " does not match";
}

void EcdsaGuard::sign(UnsignedWebhook& webhook, Timestamp now) const {
  const auto& pair = ecdsaCheckKey();
  if (newest_ != pair.public_key)
    throw std::logic_error("config '" + scheme_.key + "' is not the key whose private half is known here");
  const auto seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  webhook.headers.push_back({scheme_.timestamp_header, seconds});
  webhook.headers.push_back({scheme_.header, ecdsaSign(pair.private_key, seconds, webhook.body)});
}

const EcdsaPair& ecdsaCheckKey() {
  static const EcdsaPair pair{
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5UGydUmsL4uQEDwSu6Jo3aRtnEQz3IgRDkWPeCV8G1607veDfZQMaQ4EjYSM8H/nLtTXPwMLV6fP"
      "ArUNeho7fA==",
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcc2XAP2ECTRQcr2PvlM6/vE7a1Ufqy3JnrHVJ3mvPp6hRANCAATlQbJ1Sawvi5AQ"
      "PBK7omjdpG2cRDPciBEORY94JXwbXrTu94N9lAxpDgSNhIzwf+cu1Nc/AwtXp88CtQ16Gjt8"};
  return pair;
}

std::string ecdsaSign(const std::string& private_key, std::string_view timestamp, std::string_view body) {
  const auto der = crypto::base64Decode(private_key).value_or("");
  const auto* at = bytesOf(der);
  const auto key = owned(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  const Context context(EVP_MD_CTX_new());
  std::string text(timestamp);
  text += body;
  std::size_t size = 0;
  std::string signature;
  if (isP256(key.get()) && context &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytesOf(text), text.size()) == 1) {
    signature.resize(size);
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytesOf(text),
                       text.size()) == 1) {
      signature.resize(size);
      return crypto::base64Encode(signature);
    }
  }
  ERR_clear_error();
  throw std::runtime_error("signing needs a private key of the curve P-256: base64 of PKCS#8");
}

}  // namespace patchbay::connectors
