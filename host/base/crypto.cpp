#include "base/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace patchbay::crypto {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

[[noreturn]] void fail(const char* what) {
  char reason[256] = "no reason given";
  if (const auto code = ERR_get_error()) ERR_error_string_n(code, reason, sizeof reason);
  throw std::runtime_error(std::string("OpenSSL: ") + what + ": " + reason);
}

constexpr std::array<const char*, 3> kNames = {"SHA1", "SHA256", "SHA512"};

/// Fetched once per process: with OpenSSL 3 a fetch takes a lock and a search, more than hashing a short text.
const EVP_MD* algorithm(Hash hash) {
  static const std::array<EVP_MD*, 3> all = [] {
    std::array<EVP_MD*, 3> list{};
    for (std::size_t i = 0; i < list.size(); ++i) {
      list[i] = EVP_MD_fetch(nullptr, kNames[i], nullptr);
      if (list[i] == nullptr) fail(kNames[i]);
    }
    return list;
  }();
  return all.at(static_cast<std::size_t>(hash));
}

/// A context per thread and hash: creating one makes OpenSSL look the digest up by its name again.
EVP_MAC_CTX* hmacContext(Hash hash) {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (mac == nullptr) fail("HMAC");
  thread_local std::array<std::unique_ptr<EVP_MAC_CTX, Free>, 3> contexts;
  auto& context = contexts.at(static_cast<std::size_t>(hash));
  if (!context) {
    std::unique_ptr<EVP_MAC_CTX, Free> fresh(EVP_MAC_CTX_new(mac));
    char* name = const_cast<char*>(kNames.at(static_cast<std::size_t>(hash)));  // read only, says OSSL_PARAM
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    if (!fresh || EVP_MAC_CTX_set_params(fresh.get(), parameters) != 1) fail("HMAC context");
    context = std::move(fresh);
  }
  return context.get();
}

const unsigned char* bytes(std::string_view text) {
  // Never null: to EVP_MAC_init a null key means "the key of last time".
  return reinterpret_cast<const unsigned char*>(text.data() != nullptr ? text.data() : "");
}

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> kHexValue = [] {
  std::array<std::int8_t, 256> table{};
  for (auto& value : table) value = -1;
  for (int i = 0; i < 16; ++i) table[static_cast<unsigned char>(kHex[i])] = static_cast<std::int8_t>(i);
  for (int i = 10; i < 16; ++i) table[static_cast<std::size_t>('A' + i - 10)] = static_cast<std::int8_t>(i);
  return table;
}();

constexpr std::array<std::int8_t, 256> kBase64Value = [] {
  std::array<std::int8_t, 256> table{};
  for (auto& value : table) value = -1;
  for (int i = 0; i < 64; ++i) {
    table[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
    table[static_cast<unsigned char>(kBase64Url[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}();

std::string encode64(std::string_view data, const char* alphabet, bool padded) {
  std::string out((data.size() + 2) / 3 * 4, '=');
  const auto* in = reinterpret_cast<const unsigned char*>(data.data());
  char* to = out.data();
  std::size_t left = data.size();
  for (; left >= 3; left -= 3, in += 3) {
    const unsigned group = unsigned{in[0]} << 16 | unsigned{in[1]} << 8 | in[2];
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    *to++ = alphabet[group >> 6 & 63];
    *to++ = alphabet[group & 63];
  }
  if (left > 0) {
    const unsigned group = unsigned{in[0]} << 16 | (left == 2 ? unsigned{in[1]} << 8 : 0U);
    *to++ = alphabet[group >> 18];
    *to++ = alphabet[group >> 12 & 63];
    if (left == 2) *to++ = alphabet[group >> 6 & 63];
    if (padded) to = out.data() + out.size();
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return out;
}

}  // namespace

std::string digest(Hash hash, std::string_view data) {
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!context || EVP_DigestInit_ex2(context.get(), algorithm(hash), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), data.data(), data.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out, &size) != 1) {
    fail("digest");
  }
  return {reinterpret_cast<const char*>(out), size};
}

std::string hmac(Hash hash, std::string_view key, std::string_view data) {
  EVP_MAC_CTX* context = hmacContext(hash);
  unsigned char out[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  if (EVP_MAC_init(context, bytes(key), key.size(), nullptr) != 1 ||
      EVP_MAC_update(context, bytes(data), data.size()) != 1 || EVP_MAC_final(context, out, &size, sizeof out) != 1) {
    fail("HMAC");
  }
  return {reinterpret_cast<const char*>(out), size};
}

std::string hexEncode(std::string_view data) {
  std::string out(data.size() * 2, '\0');
  char* to = out.data();
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    *to++ = kHex[byte >> 4];
    *to++ = kHex[byte & 15];
  }
  return out;
}

std::optional<std::string> hexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = kHexValue[static_cast<unsigned char>(text[2 * i])];
    const int low = kHexValue[static_cast<unsigned char>(text[2 * i + 1])];
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string base64Encode(std::string_view data) {
  return encode64(data, kBase64, true);
}

std::string base64UrlEncode(std::string_view data) {
  return encode64(data, kBase64Url, false);
}

std::optional<std::string> base64Decode(std::string_view text) {
  if (text.ends_with('=')) {
    if (text.size() % 4 != 0) return std::nullopt;
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  unsigned pending = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = kBase64Value[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    pending = (pending << 6 | static_cast<unsigned>(value)) & 0xFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(pending >> bits & 0xFF));
    }
  }
  // Bits left over must be zero, so that one value has one spelling only.
  if ((pending & ((1U << bits) - 1)) != 0) return std::nullopt;
  return out;
}

bool constantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string randomBytes(std::size_t count) {
  std::string out(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got = ::getrandom(out.data() + filled, count - filled, 0);
    if (got > 0) {
      filled += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      throw std::runtime_error(std::string("getrandom: ") + std::strerror(errno));
    }
  }
  return out;
}

std::string uuid4() {
  std::string random = randomBytes(16);
  random[6] = static_cast<char>((random[6] & 0x0F) | 0x40);
  random[8] = static_cast<char>((random[8] & 0x3F) | 0x80);
  std::string out = hexEncode(random);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) out.insert(at, 1, '-');
  return out;
}

}  // namespace patchbay::crypto
