#include "media/store.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <system_error>

#include "base/crypto.hpp"

namespace patchbay::media {
namespace fs = std::filesystem;
namespace {

constexpr const char* kIncoming = "incoming";

[[noreturn]] void fail(const char* what, const fs::path& path) {
  throw std::system_error(errno, std::generic_category(),
                          std::string("media store: cannot ") + what + " " + path.string());
}

void makeFolder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail("make", path);
}

void syncFolder(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("open", path);
  const int failed = ::fsync(descriptor);
  ::close(descriptor);
  if (failed != 0) fail("sync", path);
}

/// The number that the two hex digits at `at` of a digest stand for.
std::size_t byteOf(std::string_view sha256, std::size_t at) {
  std::size_t value = 0;
  std::from_chars(sha256.data() + at, sha256.data() + at + 2, value, 16);
  return value;
}

}  // namespace

/// Which folders are there and will be after a crash: each is made and synced once in the life of a store, and not for
/// every file. Thread-safe.
class Folders {
 public:
  explicit Folders(const fs::path& root) : root_(root) {}

  /// The folder of a file, durable.
  fs::path prepare(std::string_view sha256) {
    const std::size_t first = byteOf(sha256, 0), second = first << 8U | byteOf(sha256, 2);
    const fs::path outer = root_ / sha256.substr(0, 2);
    fs::path inner = outer / sha256.substr(2, 2);
    keep(outers_[first], outer, root_);
    keep(inners_[second], inner, outer);
    return inner;
  }

 private:
  /// Threads that come at the same time may both do it; that is harmless.
  static void keep(std::atomic<bool>& durable, const fs::path& folder, const fs::path& parent) {
    if (durable && ::access(folder.c_str(), F_OK) == 0) return;  // an admin may have tidied up
    makeFolder(folder);
    syncFolder(parent);  // also when another process made it: it may not have come as far as this
    durable = true;
  }

  fs::path root_;
  std::array<std::atomic<bool>, 256> outers_{};
  std::array<std::atomic<bool>, 65536> inners_{};
};

struct Writer::Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest() {
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1)
      throw std::runtime_error("SHA-256 is missing");
  }
  ~Digest() { EVP_MD_CTX_free(context); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
};

Writer::Writer(fs::path folder, std::shared_ptr<Folders> folders, std::int64_t limit)
    : folder_(std::move(folder)), folders_(std::move(folders)), limit_(limit), digest_(std::make_unique<Digest>()) {
  temporary_ = folder_ / kIncoming / crypto::uuid4();
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor_ < 0) fail("make", temporary_);
}

Writer::~Writer() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

bool Writer::append(std::string_view bytes) {
  if (limit_ - size_ < static_cast<std::int64_t>(bytes.size())) return false;
  size_ += static_cast<std::int64_t>(bytes.size());
  if (EVP_DigestUpdate(digest_->context, bytes.data(), bytes.size()) != 1) throw std::runtime_error("SHA-256 failed");
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", temporary_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Stored Writer::commit() {
  std::array<unsigned char, 32> raw{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(digest_->context, raw.data(), &size) != 1) throw std::runtime_error("SHA-256 failed");
  const std::string sha256 = crypto::hexEncode({reinterpret_cast<const char*>(raw.data()), size});
  if (::fsync(descriptor_) != 0) fail("sync", temporary_);
  ::close(descriptor_);
  descriptor_ = -1;

  const fs::path folder = folders_->prepare(sha256);
  // The same bytes may be there already, whole: replacing them by themselves is harmless and needs no check.
  const fs::path whole = folder / sha256;
  if (::rename(temporary_.c_str(), whole.c_str()) != 0) fail("rename", temporary_);
  temporary_.clear();
  syncFolder(folder);
  committed_ = whole;
  return {sha256, size_};
}

Store::Store(fs::path folder, std::int64_t max_bytes)
    : folder_(std::move(folder)), folders_(std::make_shared<Folders>(folder_)), max_bytes_(max_bytes) {
  if (folder_.has_parent_path()) fs::create_directories(folder_.parent_path());
  makeFolder(folder_);
  makeFolder(folder_ / kIncoming);
  // An hour: longer than any download may last, so another host's writers are left alone.
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours{1};
  for (const auto& entry : fs::directory_iterator(folder_ / kIncoming)) {
    std::error_code gone;
    if (const auto written = fs::last_write_time(entry.path(), gone); !gone && written < oldest)
      fs::remove(entry.path(), gone);
  }
}

std::unique_ptr<Writer> Store::writer() const {
  return std::unique_ptr<Writer>(new Writer(folder_, folders_, max_bytes_));
}

std::optional<Stored> Store::put(std::string_view bytes) const {
  const auto file = writer();
  if (!file->append(bytes)) return std::nullopt;
  return file->commit();
}

bool isDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<fs::path> Store::find(std::string_view sha256) const {
  if (!isDigest(sha256)) return std::nullopt;
  const fs::path path = folder_ / sha256.substr(0, 2) / sha256.substr(2, 2) / sha256;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  return path;
}

}  // namespace patchbay::media
