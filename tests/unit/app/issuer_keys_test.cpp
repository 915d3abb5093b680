// The issuer's keys over a real socket, up to a token that opens.
#include "app/issuer_keys.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "api/authenticator.hpp"
#include "unit/api/issuer.hpp"
#include "unit/delivery/raw_server.hpp"

namespace patchbay::app {
namespace {

using namespace std::chrono_literals;
using testing_support::RawConnection;
using testing_support::RawServer;

std::string answer(const std::string& body, const std::string& headers = "", const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class IssuerKeys : public ::testing::Test {
 protected:
  Result<api::FetchedKeys> fetch(RawServer& server, std::chrono::milliseconds timeout = 30s) {
    return fetchKeysFrom(server.url("/keys?p=1"), client_, timeout)({});
  }
  Result<api::FetchedKeys> fetchAnswer(const std::string& bytes) {
    RawServer server([&](RawConnection& connection, int) {
      request_ = connection.request();
      connection.send(bytes);
    });
    return fetch(server);
  }

  delivery::HttpClient client_{{}, nullptr};
  std::string request_;
};

TEST_F(IssuerKeys, AreFetchedWithOneGet) {
  const auto fetched = fetchAnswer(answer("{\"keys\":[]}", "Cache-Control: public, Max-Age=300\r\n"));
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_EQ("{\"keys\":[]}", fetched->document);
  EXPECT_EQ(300s, fetched->max_age);
  EXPECT_TRUE(request_.starts_with("GET /keys?p=1 HTTP/1.1\r\n")) << request_;
  EXPECT_NE(std::string::npos, request_.find("\r\nAccept: application/jwk-set+json")) << request_;
}

TEST_F(IssuerKeys, AreKeptAsLongAsTheIssuerSays) {
  const auto age = [this](const std::string& headers) { return fetchAnswer(answer("{}", headers))->max_age; };
  EXPECT_EQ(std::nullopt, age(""));
  EXPECT_EQ(std::nullopt, age("Cache-Control: private\r\n"));
  EXPECT_EQ(std::nullopt, age("Cache-Control: max-age=soon\r\n"));
  EXPECT_EQ(std::nullopt, age("Cache-Control: max-age=-5\r\n"));
  EXPECT_EQ(60s, age("cache-control: max-age=60\r\n"));
  EXPECT_EQ(0s, age("Cache-Control: max-age=60\r\nCache-Control: no-store\r\n"));
  EXPECT_EQ(31536000s, age("Cache-Control: max-age=999999999999\r\n"));
}

TEST_F(IssuerKeys, DoNotComeFromAnythingButAPlain200) {
  for (const auto& bytes :
       {answer("{}", "", "500 Internal Server Error"), answer("", "Location: http://127.0.0.1:1/\r\n", "302 Found"),
        answer("", "", "404 Not Found"), std::string("nonsense\r\n\r\n"),
        answer(std::string(api::kMaxJwksBytes + 1, ' '))})
    EXPECT_FALSE(fetchAnswer(bytes).ok()) << bytes.substr(0, 60);
}

TEST_F(IssuerKeys, AreNotWaitedForLongerThanToldNorWhenTheHostStops) {
  RawServer server([](RawConnection& connection, int) {
    connection.request();
    connection.waitForClose();
  });
  EXPECT_FALSE(fetch(server, 50ms).ok());
  std::stop_source stop;
  stop.request_stop();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(fetchKeysFrom(server.url("/"), client_, 60s)(stop.get_token()).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

TEST_F(IssuerKeys, OpenTheTokensThatTheySigned) {
  const auto rsa = api::IssuerKey::rsa("one"), ec = api::IssuerKey::ec("two");
  std::atomic<bool> rotated{false};
  RawServer server([&](RawConnection& connection, int) {
    while (!connection.request().empty())
      if (!connection.send(answer(rotated ? api::keySet({ec.jwk()}) : api::keySet({rsa.jwk()})))) return;
  });
  api::Jwks keys({.patience = 60s}, fetchKeysFrom(server.url("/.well-known/jwks.json"), client_));
  api::Authenticator authenticator({.secret = "unit-test-secret-0123456789-abcdefghijklmnop", .rules = {}}, nullptr,
                                   &keys);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
  const Json claims = {
      {"sub", "6f1c7e7a-3a0f-4c55-9f0e-2a3b4c5d6e7f"}, {"tenant_slug", "acme"}, {"exp", seconds + 600}};
  const auto ask = [&](const api::IssuerKey& key) {
    return authenticator.authenticate("Bearer " + key.sign(claims), now());
  };
  const auto first = ask(rsa);
  ASSERT_TRUE(first.ok()) << first.error().message;
  rotated = true;
  const auto second = ask(ec);  // a kid that is not known: the issuer is asked once more
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ("invalid_token", ask(rsa).error().code);
}

TEST(IssuerKeysUrl, MustBeOne) {
  delivery::HttpClient client({}, nullptr);
  for (const char* url : {"", "users", "ftp://users/keys", "https://ada:pw@users/"})
    EXPECT_THROW((void)fetchKeysFrom(url, client), std::invalid_argument) << url;
}

}  // namespace
}  // namespace patchbay::app
