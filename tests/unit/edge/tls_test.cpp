// HTTP over TLS, and certificates that are replaced under way.
#include "edge/tls.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <fstream>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"
#include "unit/edge/tls_client.hpp"

namespace patchbay::edge::test {
namespace {

using namespace std::chrono_literals;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    certificate_.make("first.test");
    options_.tls = certificate_.files();
    handler_.onLimits = [](const http::Request&, http::Response*, bool*) {
      http::Limits limits;
      limits.max_body = 32U << 20U;
      limits.total = 1h;
      return limits;
    };
  }
  static std::string ask(TlsClient& client, const std::string& path) {
    client.send(get(path));
    return client.reply().value_or(Reply{}).body;
  }
  std::string presentName(const Server& server) {
    TlsClient client(server.port());
    return client.peerName();
  }

  CertificateFiles certificate_;
  TestHandler handler_;
  ServerOptions options_ = loopback<ServerOptions>();
};

TEST_F(TlsTest, RequestsAreAnsweredOneAfterAnotherInBothVersions) {
  Server server(options_, handler_);
  for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, std::pair{TLS1_3_VERSION, "TLSv1.3"}}) {
    TlsClient client(server.port(), {.version = version, .alpn = "\x02h2\x08http/1.1", .receive_buffer = 0});
    ASSERT_TRUE(client.connected()) << name;
    EXPECT_EQ(client.version(), name);
    EXPECT_EQ(client.protocol(), "http/1.1");
    client.send(get("/a") + get("/b"));
    EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /a?|");
    EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /b?|");
    EXPECT_EQ(ask(client, "/c"), "GET /c?|");
  }
  EXPECT_EQ(server.stats().tls_handshakes, 2U);
  EXPECT_GT(server.stats().tls_not_after, std::time(nullptr));
}

TEST_F(TlsTest, OldVersionsAndOtherProtocolsAreRefused) {
  Server server(options_, handler_);
  EXPECT_FALSE(TlsClient(server.port(), {.version = TLS1_1_VERSION, .alpn = "", .receive_buffer = 0}).connected());
  EXPECT_FALSE(TlsClient(server.port(), {.version = 0, .alpn = "\x02h2", .receive_buffer = 0}).connected());
  RawClient plain(server.port());
  plain.send(get("/a"));
  plain.readToEnd();
  while (server.stats().tls_failures < 3) std::this_thread::yield();
  EXPECT_EQ(server.stats().tls_handshakes, 0U);
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(TlsTest, LargeBodiesArriveWholeInBothDirections) {
  handler_.onHandle = [](http::Request request, http::Respond respond) { respond({200, {}, std::move(request.body)}); };
  Server server(options_, handler_);
  TlsClient client(server.port(), {.version = 0, .alpn = "", .receive_buffer = 4096});
  std::string body(6U << 20U, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 997);
  ASSERT_TRUE(client.send(post("/a", body)));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->body == body);
}

TEST_F(TlsTest, TheEndOfAConnectionIsSaidAndHstsWhereConfigured) {
  options_.hsts = 3600s;
  Server server(options_, handler_);
  TlsClient client(server.port());
  client.send(get("/a", "Connection: close\r\n"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->field("strict-transport-security"), "max-age=3600");
  EXPECT_TRUE(client.farewell());
}

TEST_F(TlsTest, NewConnectionsGetTheNewCertificateAndOldOnesGoOn) {
  Server server(options_, handler_);
  TlsClient old(server.port());
  EXPECT_EQ(ask(old, "/a"), "GET /a?|");
  certificate_.make("second.test");
  ASSERT_TRUE(server.reloadCertificate());
  EXPECT_EQ(presentName(server), "second.test");
  EXPECT_EQ(old.peerName(), "first.test");
  EXPECT_EQ(ask(old, "/b"), "GET /b?|");
  EXPECT_GE(server.stats().tls_reloads, 1U);  // the server looks by itself, too
}

TEST_F(TlsTest, ABadFileKeepsTheOldCertificate) {
  Server server(options_, handler_);
  std::ofstream(certificate_.files().certificate) << "not a certificate";
  EXPECT_FALSE(server.reloadCertificate());
  EXPECT_EQ(presentName(server), "first.test");
  EXPECT_GE(server.stats().tls_reload_failures, 1U);
  std::filesystem::remove(certificate_.files().certificate);
  EXPECT_FALSE(server.reloadCertificate());
  EXPECT_EQ(presentName(server), "first.test");
}

TEST_F(TlsTest, TheFilesAreLookedAtAgainOnlyWhenTheyHaveChanged) {
  TlsCertificates certificates(certificate_.files());
  const auto first = certificates.current();
  certificates.look();
  EXPECT_EQ(certificates.current(), first);
  // The key comes first, the certificate a moment later: in between they do not fit, and nothing changes.
  CertificateFiles fresh;
  fresh.make("second.test");
  std::filesystem::rename(fresh.files().key, certificate_.files().key);
  certificates.look();
  certificates.look();
  EXPECT_EQ(certificates.current(), first);
  EXPECT_EQ(certificates.failures(), 1U) << "said once";
  std::filesystem::rename(fresh.files().certificate, certificate_.files().certificate);
  certificates.look();
  EXPECT_NE(certificates.current(), first);
  EXPECT_EQ(certificates.reloads(), 1U);
}

TEST_F(TlsTest, ACertificateThatEndsSoonIsWarnedAboutOnceADay) {
  certificate_.make("short.test", std::chrono::hours{24 * 3});
  testing::internal::CaptureStderr();
  TlsCertificates certificates(certificate_.files());
  certificates.look();
  certificates.look();
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("ends soon"), std::string::npos) << log;
  EXPECT_EQ(log.find("ends soon"), log.rfind("ends soon")) << log;
}

TEST_F(TlsTest, AHandshakeThatStallsEndsAtTheDeadlineOfHeaders) {
  options_.header_deadline = 200ms;
  Server server(options_, handler_);
  RawClient silent(server.port());
  RawClient partial(server.port());
  partial.send(std::string("\x16\x03\x01\x02\x00", 5));
  EXPECT_TRUE(silent.closedByServer());
  EXPECT_TRUE(partial.closedByServer());
  EXPECT_EQ(server.stats().timed_out_handshake, 2U);
}

TEST_F(TlsTest, OverTheLimitConnectionsAreClosedWithoutAHandshake) {
  options_.max_connections = 1;
  Server server(options_, handler_);
  TlsClient client(server.port());
  client.send(get("/hold"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_FALSE(TlsClient(server.port()).connected());
  held[0].respond({200, {}, "done"});
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "done");
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamedWithTheReason) {
  const auto why = [](const TlsFiles& files) -> std::string {
    try {
      TlsIdentity::load(files);
      return "good";
    } catch (const TlsError& error) {
      return error.what();
    }
  };
  const auto good = certificate_.files();
  CertificateFiles other;
  other.make("other.test");
  const auto text = certificate_.folder() / "text.pem";
  std::ofstream(text) << "no PEM at all";
  EXPECT_EQ(why(good), "good");
  EXPECT_NE(why({"/nowhere/cert.pem", good.key}).find("/nowhere/cert.pem: cannot be read: No such file"),
            std::string::npos);
  EXPECT_NE(why({text.string(), good.key}).find("text.pem: must hold a certificate chain in PEM"), std::string::npos);
  EXPECT_NE(why({good.certificate, text.string()}).find("text.pem: must hold a private key in PEM"), std::string::npos);
  EXPECT_NE(why({good.certificate, other.files().key}).find("is not the key of the certificate in " + good.certificate),
            std::string::npos)
      << why({good.certificate, other.files().key});
}

}  // namespace
}  // namespace patchbay::edge::test
