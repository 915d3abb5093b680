#include "media/links.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::media {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMaxToken = 300;
constexpr const char* kKeyFile = ".link-key";

std::string readKey(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string key{std::istreambuf_iterator<char>(stream), {}};
  if (key.size() != kKeyBytes)
    throw std::runtime_error(file.string() +
                             ": the key of media links must have 32 bytes; remove the file to make a new one");
  return key;
}

/// A whole file appears at once under its name, and the first of several hosts wins.
void makeKey(const std::filesystem::path& file) {
  const auto part = file.string() + "." + crypto::uuid4();
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot make " + part);
  const auto key = crypto::randomBytes(kKeyBytes);
  const bool written = ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(fd) == 0;
  ::close(fd);
  const bool linked = written && (::link(part.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  ::unlink(part.c_str());
  if (!linked) throw std::system_error(error, std::generic_category(), "cannot make " + file.string());
}

}  // namespace

Links::Links(const std::filesystem::path& folder) {
  const auto file = folder / kKeyFile;
  if (!std::filesystem::exists(file)) makeKey(file);
  key_ = readKey(file);
}

std::string Links::code(std::string_view payload) const {
  return crypto::base64UrlEncode(crypto::hmac(crypto::Hash::kSha256, key_, "media-link\n" + std::string(payload)));
}

std::string Links::make(const Target& target, Timestamp expires) const {
  const auto until = std::chrono::floor<std::chrono::seconds>(expires).time_since_epoch().count();
  const std::string payload = target.tenant + "." + target.sha256 + "." + std::to_string(until);
  return payload + "." + code(payload);
}

std::optional<Links::Target> Links::open(std::string_view token, Timestamp now) const {
  if (token.size() > kMaxToken) return std::nullopt;
  const auto dot = token.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto payload = token.substr(0, dot);
  if (!crypto::constantTimeEqual(code(payload), token.substr(dot + 1))) return std::nullopt;
  const auto parts = split(payload, '.');
  if (parts.size() != 3) return std::nullopt;
  std::int64_t until = 0;
  const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), until);
  if (error != std::errc() || end != parts[2].data() + parts[2].size()) return std::nullopt;
  if (std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() >= until) return std::nullopt;
  return Target{std::string(parts[0]), std::string(parts[1])};
}

}  // namespace patchbay::media
