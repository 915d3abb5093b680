/// The few cryptographic operations of the host, over OpenSSL. All are thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::crypto {

enum class Hash { kSha1, kSha256, kSha512 };

/// Raw digest bytes.
std::string digest(Hash hash, std::string_view data);
std::string hmac(Hash hash, std::string_view key, std::string_view data);

std::string hexEncode(std::string_view bytes);
std::optional<std::string> hexDecode(std::string_view text);
std::string base64Encode(std::string_view bytes);
std::string base64UrlEncode(std::string_view bytes);  ///< without padding
/// Accepts both alphabets, padding optional; nothing else (no blanks).
std::optional<std::string> base64Decode(std::string_view text);

/// Takes time that depends on the lengths alone, not on where the bytes differ.
bool constantTimeEqual(std::string_view a, std::string_view b);

/// From the operating system's generator. @throws std::runtime_error when it fails.
std::string randomBytes(std::size_t count);

/// Random UUID, version 4, lower case.
std::string uuid4();

}  // namespace patchbay::crypto
