#include "unit/edge/tls_client.hpp"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace patchbay::edge::test {
namespace {

/// Written beside and renamed, as tools that renew certificates do.
template <class Write>
void replace(const std::filesystem::path& file, Write&& write) {
  const auto fresh = file.string() + ".new";
  std::FILE* out = std::fopen(fresh.c_str(), "we");
  if (out == nullptr || !write(out)) throw std::runtime_error("cannot write " + fresh);
  std::fclose(out);
  std::filesystem::rename(fresh, file);
}

}  // namespace

CertificateFiles::CertificateFiles() {
  std::string name = (std::filesystem::temp_directory_path() / "pb-tls-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = name;
}

CertificateFiles::~CertificateFiles() {
  std::filesystem::remove_all(folder_);
}

TlsFiles CertificateFiles::files() const {
  return {(folder_ / "cert.pem").string(), (folder_ / "key.pem").string()};
}

void CertificateFiles::make(const std::string& name, std::chrono::hours lifetime) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), std::chrono::seconds(lifetime).count());
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());
  replace(folder_ / "key.pem",
          [key](std::FILE* out) { return PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1; });
  replace(folder_ / "cert.pem", [certificate](std::FILE* out) { return PEM_write_X509(out, certificate) == 1; });
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TlsClient::TlsClient(std::uint16_t port, const TlsClientOptions& options) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that may be closed
  if (options.receive_buffer > 0)
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof options.receive_buffer);
  const timeval limit{60, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context_, 0);  // so that old versions can be tried
  SSL_CTX_set_min_proto_version(context_, options.version);
  SSL_CTX_set_max_proto_version(context_, options.version);
  ssl_ = SSL_new(context_);
  if (!options.alpn.empty()) {
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                        static_cast<unsigned>(options.alpn.size()));
  }
  SSL_set_fd(ssl_, fd_);
  connected_ = SSL_connect(ssl_) == 1;
  ERR_clear_error();
}

TlsClient::~TlsClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  close(fd_);
}

std::string TlsClient::peerName() const {
  X509* certificate = SSL_get1_peer_certificate(ssl_);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
  X509_free(certificate);
  return name.data();
}

std::string TlsClient::protocol() const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &chosen, &size);
  return chosen == nullptr ? std::string{} : std::string(reinterpret_cast<const char*>(chosen), size);
}

std::string TlsClient::version() const {
  return SSL_get_version(ssl_);
}

bool TlsClient::send(std::string_view bytes) {
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

std::optional<Reply> TlsClient::reply() {
  std::array<char, 65536> part{};
  const auto receive = [&] {
    const int count = SSL_read(ssl_, part.data(), static_cast<int>(part.size()));
    if (count > 0) in_.append(part.data(), static_cast<std::size_t>(count));
    return count > 0;
  };
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos)
    if (!receive()) return std::nullopt;
  Reply reply;
  reply.head = in_.substr(0, end + 2);
  reply.status = std::atoi(reply.head.c_str() + 9);
  const auto length = reply.field("content-length");
  const std::size_t size = length == "(absent)" ? 0 : std::stoul(length);
  in_.erase(0, end + 4);
  while (in_.size() < size)
    if (!receive()) return std::nullopt;
  reply.body = in_.substr(0, size);
  in_.erase(0, size);
  return reply;
}

bool TlsClient::farewell() {
  char byte = 0;
  const int count = SSL_read(ssl_, &byte, 1);
  return count <= 0 && SSL_get_error(ssl_, count) == SSL_ERROR_ZERO_RETURN;
}

}  // namespace patchbay::edge::test
