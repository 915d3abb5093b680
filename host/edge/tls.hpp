/// The server's side of TLS: certificate and key, and how they are replaced while the server runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX; its headers stay out of ours

namespace patchbay::edge {

struct TlsFiles {
  std::string certificate;  ///< PEM: the server's certificate, then those between it and the root
  std::string key;          ///< PEM, without a pass phrase
};

/// The files cannot be used. what() names the file and the rule.
class TlsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What new connections get: TLS 1.2 or 1.3, forward secrecy and authenticated ciphers only, ALPN `http/1.1`, no
/// renegotiation, no compression. Immutable; any thread.
class TlsIdentity {
 public:
  /// @throws TlsError
  static std::shared_ptr<const TlsIdentity> load(const TlsFiles& files);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  ssl_ctx_st* context() const { return context_; }
  std::chrono::system_clock::time_point notAfter() const { return not_after_; }

 private:
  TlsIdentity() = default;
  ssl_ctx_st* context_ = nullptr;
  std::chrono::system_clock::time_point not_after_{};
};

/// The present identity, and its files. Thread-safe.
class TlsCertificates {
 public:
  /// @throws TlsError
  explicit TlsCertificates(TlsFiles files);

  std::shared_ptr<const TlsIdentity> current() const;

  /// Loads the files now. Connections that are open go on with what they have. Files that cannot be used change
  /// nothing: the log says why.
  /// @return whether they could be used
  bool reload();

  /// reload() when a file has changed since the last look (inode, size or time), and a warning in the log once a day
  /// when the certificate ends within three weeks.
  void look();

  std::uint64_t reloads() const;   ///< that worked
  std::uint64_t failures() const;  ///< that did not

 private:
  std::string stampOfFiles() const;
  void warnBeforeEnd();  // mutex_ is held

  const TlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsIdentity> current_;
  std::string stamp_;
  std::chrono::system_clock::time_point warned_{};
  std::uint64_t reloads_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace patchbay::edge
