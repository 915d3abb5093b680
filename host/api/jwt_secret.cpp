#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <stdexcept>
#include <system_error>

#include "api/authenticator.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr std::size_t kMinSecretBytes = 32;
constexpr std::size_t kMaxSecretFile = 4096;

/// Parts of secrets that stand in published examples, the predecessor's default among them.
constexpr std::array<std::string_view, 12> kPublished = {
    "change-in-production",
    "change_in_production",
    "changeinproduction",
    "change-this",
    "change_this",
    "change-me",
    "change_me",
    "changeme",
    "your-secret",
    "your_secret",
    "your-super-secret",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7"};

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw std::runtime_error("JWT secret file " + file.string() + ": " + what);
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string reason() {
  return std::generic_category().message(errno);
}

std::string read(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0) fail(path, "cannot be read: " + reason());
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) fail(path, "cannot be examined: " + reason());
  if (!S_ISREG(info.st_mode)) fail(path, "is not a regular file");
  if ((info.st_mode & 077U) != 0)
    fail(path, "can be read by others; set its mode to 0600 and make a new one if they did");
  std::string text(kMaxSecretFile, '\0');
  const auto count = ::read(file.fd(), text.data(), text.size());
  if (count < 0) fail(path, "cannot be read: " + reason());
  text.resize(static_cast<std::size_t>(count));
  return std::string{trim(text)};
}

void write(const std::filesystem::path& path, std::string_view text) {
  // Written under another name and linked: a start that dies half way, or two starts at once, leave one whole secret.
  const auto draft = path.string() + "." + std::to_string(::getpid());
  {
    const File file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.fd() < 0) fail(path, "cannot be made: " + reason());
    if (::write(file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.fd()) != 0)
      fail(path, "cannot be written: " + reason());
  }
  const int linked = ::link(draft.c_str(), path.c_str());
  const int why = errno;
  ::unlink(draft.c_str());
  errno = why;
  if (linked != 0 && why != EEXIST) fail(path, "cannot be made: " + reason());
}

}  // namespace

std::optional<std::string> secretWeakness(std::string_view secret) {
  if (secret.size() < kMinSecretBytes)
    return "it must be at least 32 bytes long, has " + std::to_string(secret.size()) +
           " (make one with: openssl rand -base64 32)";
  const auto lower = lowerAscii(secret);
  for (const auto published : kPublished)
    if (lower.find(published) != std::string::npos)
      return "it is a published example, so anyone can sign tokens with it (make one with: openssl rand -base64 32)";
  if (std::set<char>(secret.begin(), secret.end()).size() < 8)
    return "it consists of fewer than 8 different characters (make one with: openssl rand -base64 32)";
  return std::nullopt;
}

std::string loadOrCreateJwtSecret(const std::filesystem::path& data_dir) {
  const auto path = data_dir / "jwt-secret";
  if (!std::filesystem::exists(std::filesystem::symlink_status(path)))
    write(path, crypto::base64Encode(crypto::randomBytes(48)));
  auto secret = read(path);
  if (const auto weakness = secretWeakness(secret)) fail(path, *weakness);
  return secret;
}

}  // namespace patchbay::api
