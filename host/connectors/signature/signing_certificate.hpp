/// Certificates with which a service signs what it posts: read from PEM, and kept for a while. No I/O of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace patchbay::connectors {

/// Immutable; thread-safe.
class SigningCertificate {
 public:
  /// @param pem  one certificate with an RSA key of 2048 bits or more
  /// @return kInvalid: what it is not
  static Result<std::shared_ptr<const SigningCertificate>> fromPem(std::string_view pem);

  bool validAt(Timestamp time) const { return not_before_ <= time && time <= not_after_; }
  /// RSA, PKCS #1 v1.5.
  bool verifies(crypto::Hash hash, std::string_view text, std::string_view signature) const;

 private:
  SigningCertificate() = default;

  std::shared_ptr<void> key_;  // EVP_PKEY
  Timestamp not_before_;
  Timestamp not_after_;
};

/// Those that one channel has met, by URL. Thread-safe.
///
/// Anybody can post a message that names a certificate, so what that costs is bounded: one fetch at a time, few that
/// wait, and a URL that failed is left alone for a while.
class SigningCertificates : public std::enable_shared_from_this<SigningCertificates> {
 public:
  using Fetched = std::function<void(Result<std::string> pem)>;
  /// Starts to fetch, once; its `done` may be called from any thread, also before it returns.
  using Fetch = std::function<void(const std::string& url, Fetched done)>;
  /// @param why  empty: find() has it now
  using Done = std::function<void(const std::string& why)>;

  /// Null when it is not here or its dates do not fit `now`.
  std::shared_ptr<const SigningCertificate> find(const std::string& url, Timestamp now) const;

  /// Gets it. `done` is called once, from this call or from where the fetch ends.
  /// @param url  has been checked: it is one that we trust
  void obtain(const std::string& url, Timestamp now, const Fetch& fetch, Done done);

  void keep(const std::string& url, std::shared_ptr<const SigningCertificate> certificate);

  static constexpr std::size_t kMaxKept = 16;
  static constexpr std::size_t kMaxWaiting = 64;                 ///< callers, over all URLs
  static constexpr std::chrono::seconds kPauseAfterFailure{10};  ///< for one URL
  static constexpr std::size_t kMaxPem = 16U << 10U;             ///< bytes

 private:
  struct Waiting {
    Fetch fetch;
    std::vector<Done> callers;
  };
  struct Failed {
    std::chrono::steady_clock::time_point until;
    std::string why;
  };

  void start(const std::string& url, const Fetch& fetch, Timestamp now);
  void ended(const std::string& url, Timestamp now, const Result<std::string>& pem);
  void keepLocked(const std::string& url, std::shared_ptr<const SigningCertificate> certificate);

  mutable std::mutex mutex_;  // guards everything below
  std::map<std::string, std::shared_ptr<const SigningCertificate>> kept_;
  std::map<std::string, Failed> failed_;
  std::map<std::string, Waiting> waiting_;
  std::size_t callers_ = 0;
  bool fetching_ = false;
};

}  // namespace patchbay::connectors
