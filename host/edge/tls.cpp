#include "edge/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.hpp"

namespace patchbay::edge {
namespace {

using std::chrono::system_clock;

constexpr std::chrono::hours kWarnAhead{21 * 24};
constexpr std::chrono::hours kWarnAgain{24};

// Of TLS 1.2; those of 1.3 are all good. Every client since 2014 has one of them.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK:!SHA1";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// What OpenSSL last said on this thread, for people.
std::string reason() {
  const auto code = ERR_peek_error();  // the first one: those after it only say where
  const char* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text != nullptr ? text : "unknown error";
}

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw TlsError("TLS: " + file + ": " + why);
}

void mustBeReadable(const std::string& file) {
  std::FILE* opened = std::fopen(file.c_str(), "re");
  if (opened == nullptr) refuse(file, "cannot be read: " + std::generic_category().message(errno));
  std::fclose(opened);
}

/// A key with a pass phrase would make OpenSSL ask on the terminal.
int noPassPhrase(char*, int, int, void*) {
  return -1;
}

/// A client that names its protocols and cannot speak ours is told so in the handshake (RFC 7301, 3.2).
int chooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kHttp11.data(), kHttp11.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

void harden(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  // Buffers of idle connections are given back (34 KiB each); a write that was cut short may go on from another place.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // sessions are resumed by ticket; nothing is kept here
  SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nullptr);
  if (SSL_CTX_set_cipher_list(context, kCiphers) != 1 || SSL_CTX_set1_groups_list(context, kGroups) != 1) {
    throw TlsError("TLS: this OpenSSL lacks the ciphers or curves that the server allows: " + reason());
  }
}

system_clock::time_point endOf(SSL_CTX* context, const std::string& file) {
  std::tm ends{};
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) != 1) {
    refuse(file, "the date on which the certificate ends cannot be read");
  }
  return system_clock::from_time_t(timegm(&ends));
}

std::string dateOf(system_clock::time_point time) {
  const std::time_t seconds = system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace

std::shared_ptr<const TlsIdentity> TlsIdentity::load(const TlsFiles& files) {
  mustBeReadable(files.certificate);
  mustBeReadable(files.key);
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity);  // NOLINT: the constructor is private
  SSL_CTX* context = identity->context_ = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) throw TlsError("TLS: OpenSSL has no memory for a context: " + reason());
  harden(context);
  SSL_CTX_set_default_passwd_cb(context, noPassPhrase);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    refuse(files.certificate, "must hold a certificate chain in PEM: " + reason());
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const unsigned long code = ERR_peek_last_error();
    const bool other = ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH;
    refuse(files.key, other ? "is not the key of the certificate in " + files.certificate
                            : "must hold a private key in PEM without a pass phrase: " + reason());
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    refuse(files.key, "is not the key of the certificate in " + files.certificate + ": " + reason());
  }
  identity->not_after_ = endOf(context, files.certificate);
  return identity;
}

TlsIdentity::~TlsIdentity() {
  SSL_CTX_free(context_);
}

TlsCertificates::TlsCertificates(TlsFiles files)
    : files_(std::move(files)), current_(TlsIdentity::load(files_)), stamp_(stampOfFiles()) {
  const std::lock_guard lock(mutex_);
  warnBeforeEnd();
}

std::shared_ptr<const TlsIdentity> TlsCertificates::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::uint64_t TlsCertificates::reloads() const {
  const std::lock_guard lock(mutex_);
  return reloads_;
}

std::uint64_t TlsCertificates::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

bool TlsCertificates::reload() {
  // Before the files are read: a change in between is then seen at the next look.
  std::string stamp = stampOfFiles();
  try {
    auto fresh = TlsIdentity::load(files_);
    const std::lock_guard lock(mutex_);
    current_ = std::move(fresh);
    stamp_ = std::move(stamp);
    ++reloads_;
    warned_ = {};
    log::info("edge", "new TLS certificate", {{"file", files_.certificate}, {"ends", dateOf(current_->notAfter())}});
    warnBeforeEnd();
    return true;
  } catch (const TlsError& error) {
    const std::lock_guard lock(mutex_);
    stamp_ = std::move(stamp);  // said once per change, not at every look
    ++failures_;
    log::error("edge", "the new TLS certificate cannot be used; the old one stays", {{"why", error.what()}});
    return false;
  }
}

void TlsCertificates::look() {
  const std::string stamp = stampOfFiles();
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = stamp != stamp_;
    if (!changed) warnBeforeEnd();
  }
  if (changed) reload();
}

std::string TlsCertificates::stampOfFiles() const {
  std::string stamp;
  for (const auto& file : {files_.certificate, files_.key}) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) {
      stamp += "none;";
      continue;
    }
    for (const auto number : {static_cast<long long>(found.st_dev), static_cast<long long>(found.st_ino),
                              static_cast<long long>(found.st_size), static_cast<long long>(found.st_mtim.tv_sec),
                              static_cast<long long>(found.st_mtim.tv_nsec)}) {
      stamp += std::to_string(number) + ",";
    }
    stamp += ";";
  }
  return stamp;
}

void TlsCertificates::warnBeforeEnd() {
  const auto now = system_clock::now();
  const auto ends = current_->notAfter();
  if (ends - now > kWarnAhead || now - warned_ < kWarnAgain) return;
  warned_ = now;
  log::warn("edge", ends > now ? "the TLS certificate ends soon" : "the TLS certificate has ended",
            {{"file", files_.certificate}, {"ends", dateOf(ends)}});
}

}  // namespace patchbay::edge
