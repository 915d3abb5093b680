#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "unit/delivery/http_fixture.hpp"
#include "unit/delivery/raw_server.hpp"

namespace patchbay::delivery {
namespace {

using testing_support::answer;
using testing_support::RawConnection;
using testing_support::RawServer;

/// A certificate for `name`, signed by itself.
struct Certificate {
  explicit Certificate(const char* name) : key(EVP_EC_gen("P-256")), x509(X509_new()) {
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_set_version(x509, 2);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    for (const auto& [nid, value] : {std::pair{NID_subject_alt_name, std::string(name)},
                                     {NID_basic_constraints, std::string("critical,CA:TRUE")}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
      X509_add_ext(x509, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(x509, key, EVP_sha256());
  }
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  EVP_PKEY* key;
  X509* x509;
};

/// Serves one TLS answer per connection; counts the requests that arrived.
class TlsServer {
 public:
  TlsServer(const Certificate& certificate, int max_version)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free), server_([this](RawConnection& c, int) { serve(c); }) {
    SSL_CTX_set_security_level(context_.get(), 0);  // so that the server itself would take old versions
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    SSL_CTX_use_certificate(context_.get(), certificate.x509);
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key);
  }
  std::uint16_t port() const { return server_.port(); }
  int requests() const { return requests_; }

 private:
  void serve(RawConnection& connection) {
    SSL* ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, connection.descriptor());
    if (SSL_accept(ssl) == 1 && readRequest(ssl)) {
      ++requests_;
      const std::string text = answer("over tls");
      SSL_write(ssl, text.data(), static_cast<int>(text.size()));
      SSL_shutdown(ssl);
    }
    SSL_free(ssl);
  }

  /// Headers and the one byte of body: what is left unread would become a reset.
  static bool readRequest(SSL* ssl) {
    std::string text;
    char buffer[4096];
    while (!text.ends_with("\r\n\r\na")) {
      const int count = SSL_read(ssl, buffer, sizeof buffer);
      if (count <= 0) return false;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return true;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::atomic<int> requests_{0};
  RawServer server_;
};

class TlsTest : public HttpFixture {
 protected:
  TlsTest() { scheme_ = "https"; }

  Got askServer(const TlsServer& server, const std::string& host) {
    const std::string authority = host + ":" + std::to_string(server.port());
    return ask({{"url", "https://" + authority + "/"}, {"body", "a"}}, {authority});
  }
  void trust(const Certificate& certificate) {
    options_.ca_file = (folder_ / "ca.pem").string();
    FILE* file = std::fopen(options_.ca_file.c_str(), "w");
    PEM_write_X509(file, certificate.x509);
    std::fclose(file);
  }
};

TEST_F(TlsTest, TalksToAServerWhoseCertificateFits) {
  const Certificate certificate("DNS:localhost");
  trust(certificate);
  const TlsServer server(certificate, TLS1_3_VERSION);
  const auto got = askServer(server, "localhost");
  EXPECT_EQ(got.answer.body, "over tls") << got.answer.error;
}

TEST_F(TlsTest, SendsNothingToAServerThatNobodyVouchesFor) {
  const Certificate certificate("DNS:localhost");
  const TlsServer server(certificate, TLS1_3_VERSION);
  const auto got = askServer(server, "localhost");
  EXPECT_EQ(got.answer.failure, PB_NOT_SENT);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(TlsTest, SendsNothingToAServerWithAnotherName) {
  const Certificate certificate("DNS:somebody.example");
  trust(certificate);
  const TlsServer server(certificate, TLS1_3_VERSION);
  const auto got = askServer(server, "localhost");
  EXPECT_EQ(got.answer.failure, PB_NOT_SENT);
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(TlsTest, RefusesTlsBefore12) {
  const Certificate certificate("DNS:localhost");
  trust(certificate);
  const TlsServer old(certificate, TLS1_1_VERSION);
  EXPECT_EQ(askServer(old, "localhost").answer.failure, PB_NOT_SENT);
  EXPECT_EQ(old.requests(), 0);
  const TlsServer enough(certificate, TLS1_2_VERSION);
  EXPECT_EQ(askServer(enough, "localhost").answer.body, "over tls");
}

}  // namespace
}  // namespace patchbay::delivery
