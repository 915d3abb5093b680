/// Certificates made on the spot, and a client that speaks TLS to a server on this machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/tls.hpp"
#include "unit/edge/raw_client.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace patchbay::edge::test {

/// A folder that goes with the object; cert.pem and key.pem in it.
class CertificateFiles {
 public:
  CertificateFiles();
  ~CertificateFiles();
  CertificateFiles(const CertificateFiles&) = delete;
  CertificateFiles& operator=(const CertificateFiles&) = delete;

  /// Writes a new self-signed certificate (P-256) for `name`, with its key.
  void make(const std::string& name, std::chrono::hours lifetime = std::chrono::hours{24 * 90});
  TlsFiles files() const;
  std::filesystem::path folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

struct TlsClientOptions {
  int version = 0;   ///< only this one; 0: any
  std::string alpn;  ///< as on the wire: "\x08http/1.1"
  int receive_buffer = 0;
};

/// Blocking, loopback, 60 s at most for each receive. Verifies nothing: tests look at peerName().
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, const TlsClientOptions& options = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  std::string peerName() const;  ///< common name of the server's certificate
  std::string protocol() const;  ///< that ALPN chose
  std::string version() const;

  bool send(std::string_view bytes);
  std::optional<Reply> reply();
  /// Whether the server has said farewell, which tells an end from a cut.
  bool farewell();

 private:
  int fd_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  bool connected_ = false;
  std::string in_;
};

}  // namespace patchbay::edge::test
