// Who asks, from which page, in which trace: what the edge reads of headers and adds to answers.
#include "edge/exchange.hpp"

#include <gtest/gtest.h>

#include "edge/proxies.hpp"
#include "edge/server.hpp"
#include "edge/trace_context.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

TEST(Traceparent, OfTheStandardsFormIsRead) {
  const auto trace = parseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, kTrace);
  EXPECT_EQ(trace->flags, "01");
  EXPECT_TRUE(parseTraceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"));
}

TEST(Traceparent, ThatBreaksARuleIsNone) {
  for (const char* text : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_FALSE(parseTraceparent(text)) << text;
  }
}

TEST(Traceparent, IsContinuedWithASpanOfOurOwn) {
  http::Request request;
  request.headers = {{"TraceParent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}};
  continueTrace(request);
  EXPECT_EQ(request.trace_id, kTrace);
  const auto ours = parseTraceparent(request.traceparent);
  ASSERT_TRUE(ours) << request.traceparent;
  EXPECT_EQ(ours->trace_id, kTrace);
  EXPECT_EQ(ours->flags, "01");
  EXPECT_EQ(request.traceparent.find("00f067aa0ba902b7"), std::string::npos);

  request.headers.push_back(request.headers[0]);
  continueTrace(request);
  EXPECT_NE(request.trace_id, kTrace) << "two headers name no trace";
  http::Request fresh;
  continueTrace(fresh);
  EXPECT_TRUE(parseTraceparent(fresh.traceparent));
}

TEST(Networks, AreReadStrictly) {
  for (const char* good : {"10.0.0.0/8", "192.0.2.7", "0.0.0.0/0", "fd00::/8", "::1", "192.0.2.128/25"})
    EXPECT_TRUE(Network::parse(good)) << good;
  for (const char* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.1.0.0/8", "10.0.0/8", "fd00::/129", "example.org",
                          "10.0.0.0/8 ", "10.0.0.0/+8"})
    EXPECT_FALSE(Network::parse(bad)) << bad;
  EXPECT_THROW(TrustedProxies({"10.0.0.0/8", "nonsense"}), std::invalid_argument);
}

TEST(Networks, HoldTheAddressesThatBeginAsTheyDo) {
  const TrustedProxies proxies({"10.0.0.0/8", "192.0.2.128/25", "fd00::/8"});
  for (const char* in : {"10.255.0.1", "192.0.2.200", "fdff::1", "::ffff:10.1.2.3"})
    EXPECT_TRUE(proxies.trusts(in)) << in;
  for (const char* out : {"11.0.0.1", "192.0.2.127", "fe00::1", "", "unknown"})
    EXPECT_FALSE(proxies.trusts(out)) << out;
  EXPECT_FALSE(TrustedProxies().trusts("127.0.0.1"));
}

TEST(ClientOf, IsTheLastAddressThatNoTrustedProxyHas) {
  const TrustedProxies proxies({"10.0.0.0/8"});
  const auto client = [&](http::Headers headers) { return proxies.clientOf("10.0.0.1", headers); };
  EXPECT_EQ(client({}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "198.51.100.7"}}), "198.51.100.7");
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.1, 198.51.100.7, 10.0.0.2"}}), "198.51.100.7")
      << "what stands left of it the client may have written";
  EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.1"}, {"x-forwarded-for", "198.51.100.7"}}), "198.51.100.7");
  EXPECT_EQ(client({{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}), "10.0.0.3") << "a client inside";
  EXPECT_EQ(client({{"X-Forwarded-For", "198.51.100.7, unknown"}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "198.51.100.7, "}}), "10.0.0.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "198.51.100.7:4711"}}), "198.51.100.7");
  EXPECT_EQ(client({{"Forwarded", "for=203.0.113.1, For=\"[2001:db8::7]:4711\";proto=https"}}), "2001:db8::7");
  EXPECT_EQ(client({{"Forwarded", "proto=https"}}), "10.0.0.1");
  EXPECT_EQ(client({{"Forwarded", "for=203.0.113.1"}, {"X-Forwarded-For", "198.51.100.7"}}), "10.0.0.1")
      << "one of them the proxy passed on as the client wrote it";
  EXPECT_EQ(client({{"Forwarded", "for=198.51.100.7"}, {"X-Forwarded-For", "198.51.100.7"}}), "198.51.100.7");
}

TEST(ClientOf, IsBelievedFromTrustedProxiesOnly) {
  TestHandler handler;
  handler.onHandle = [](http::Request request, http::Respond respond) { respond({200, {}, request.peer}); };
  auto options = loopback<ServerOptions>();
  options.trusted_proxies = {"127.0.0.2"};
  Server server(options, handler);
  const auto peer = [&](const char* from) {
    RawClient client(server.port(), 0, from);
    client.send(get("/a", "X-Forwarded-For: 198.51.100.7\r\n"));
    return client.reply().value_or(Reply{}).body;
  };
  EXPECT_EQ(peer("127.0.0.2"), "198.51.100.7");
  EXPECT_EQ(peer("127.0.0.1"), "127.0.0.1");
}

TEST(ClientOf, HasItsOwnShareOfTheBodyBudgetBehindAProxy) {
  TestHandler handler;
  auto options = loopback<ServerOptions>();
  options.trusted_proxies = {"127.0.0.1"};
  options.body_budget = 1U << 20U;
  options.body_budget_per_peer = 40'000;
  Server server(options, handler);
  const std::string part(30'000, 'x');
  const auto begin = [&](RawClient& client, const std::string& address) {
    client.send("POST /a HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: " + address + "\r\nContent-Length: 30001\r\n\r\n" +
                part);
  };
  RawClient first(server.port());
  begin(first, "198.51.100.7");
  while (server.stats().body_bytes < part.size()) std::this_thread::yield();
  RawClient again(server.port());
  begin(again, "198.51.100.7");
  EXPECT_EQ(again.reply().value_or(Reply{}).status, 503) << "the same client";
  RawClient other(server.port());
  begin(other, "198.51.100.8");
  other.send("x");
  EXPECT_EQ(other.reply().value_or(Reply{}).status, 200) << "another one behind the same proxy";
  first.send("x");
  EXPECT_EQ(first.reply().value_or(Reply{}).status, 200);
}

class CorsTest : public ::testing::Test {
 protected:
  http::Response answer(const std::string& origin, bool preflight = false) {
    Exchange exchange;
    exchange.origin = origin;
    exchange.preflight = preflight;
    http::Response response{preflight ? 204 : 200, {}, {}};
    if (preflight) response.headers.push_back({"Allow", "GET, HEAD, OPTIONS"});
    applyCors(options_, exchange, response);
    return response;
  }
  static std::string field(const http::Response& response, const char* name) {
    return std::string(http::find(response.headers, name));
  }
  CorsOptions options_{.origins = {"https://app.example.org", "http://localhost:3000"}};
};

TEST_F(CorsTest, AConfiguredOriginMayReadAnswersAndTheirHeaders) {
  const auto response = answer("https://app.example.org");
  EXPECT_EQ(field(response, "Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(field(response, "Vary"), "Origin");
  for (const char* name : {"ETag", "Link", "Patchbay-Ignored", "X-Request-Id", "Retry-After", "RateLimit"})
    EXPECT_NE(field(response, "Access-Control-Expose-Headers").find(name), std::string::npos) << name;
  EXPECT_EQ(field(response, "Access-Control-Allow-Credentials"), "");
}

TEST_F(CorsTest, OthersMayNotHoweverAlikeTheyLook) {
  for (const char* origin :
       {"https://app.example.org.evil.test", "http://app.example.org", "https://app.example.org:8443",
        "https://APP.example.org", "https://evil.test", "null", ""}) {
    const auto response = answer(origin);
    EXPECT_EQ(field(response, "Access-Control-Allow-Origin"), "") << origin;
    EXPECT_EQ(field(response, "Vary"), "Origin") << origin;
  }
}

TEST_F(CorsTest, APreflightLearnsTheMethodsOfThePath) {
  const auto response = answer("http://localhost:3000", true);
  EXPECT_EQ(field(response, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(field(response, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
  EXPECT_NE(field(response, "Access-Control-Allow-Headers").find("Authorization"), std::string::npos);
  EXPECT_EQ(field(response, "Access-Control-Max-Age"), "600");
}

TEST_F(CorsTest, AStarLetsEveryOneInAndNoOriginsLetNobody) {
  options_.origins = {"*"};
  EXPECT_EQ(field(answer("https://anyone.test"), "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(field(answer("https://anyone.test"), "Vary"), "");
  options_.origins.clear();
  EXPECT_TRUE(answer("https://app.example.org").headers.empty());
}

TEST_F(CorsTest, RefusalsOfTheEdgeItselfCanBeReadToo) {
  TestHandler handler;
  auto options = loopback<ServerOptions>();
  options.cors = options_;
  Server server(options, handler);
  RawClient client(server.port());
  client.send(post("/a", std::string(2U << 20U, 'x'), "Origin: https://app.example.org\r\n"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(reply->field("access-control-allow-origin"), "https://app.example.org");
}

TEST(SecurityHeaders, AreOnEveryAnswerAndAnEndpointsOwnWin) {
  TestHandler handler;
  handler.onHandle = [](http::Request request, http::Respond respond) {
    if (request.path == "/plain") return respond({200, {}, "x"});
    respond({200, {{"cache-control", "public"}, {"Content-Security-Policy", "default-src 'self'"}}, "x"});
  };
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(get("/plain") + get("/own") + "BAD\r\n\r\n");
  const auto plain = client.reply();
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->field("cache-control"), "no-store");
  EXPECT_EQ(plain->field("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(plain->field("cross-origin-resource-policy"), "same-origin");
  EXPECT_EQ(plain->field("referrer-policy"), "no-referrer");
  EXPECT_EQ(plain->field("x-content-type-options"), "nosniff");
  EXPECT_EQ(plain->field("strict-transport-security"), "(absent)") << "no TLS";
  const auto own = client.reply();
  ASSERT_TRUE(own);
  EXPECT_EQ(own->field("cache-control"), "public");
  EXPECT_EQ(own->head.find("no-store"), std::string::npos);
  EXPECT_EQ(own->field("content-security-policy"), "default-src 'self'");
  EXPECT_EQ(own->head.find("frame-ancestors"), std::string::npos);
  EXPECT_EQ(own->field("referrer-policy"), "no-referrer");
  const auto refused = client.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 400);
  EXPECT_EQ(refused->field("x-content-type-options"), "nosniff");
}

/// Standard error while it lives.
class AccessLog : public ::testing::Test {
 protected:
  AccessLog() {
    options_.access_log.enabled = true;
    handler_.onHandle = [](http::Request request, http::Respond respond) {
      http::Response response{200, {}, "12345"};
      response.route = request.path == "/health" ? "/health" : "/things/{id}";
      response.tenant = "acme";
      respond(std::move(response));
    };
  }
  std::string linesOf(const std::string& bytes) {
    testing::internal::CaptureStderr();
    {
      Server server(options_, handler_);
      RawClient client(server.port());
      client.send(bytes);
      client.readToEnd();
    }
    return testing::internal::GetCapturedStderr();
  }
  TestHandler handler_;
  ServerOptions options_ = loopback<ServerOptions>();
};

TEST_F(AccessLog, HasOneLineWithTheRouteAndNeitherPathNorQuery) {
  const auto request = get("/things/s3cret?token=t0ken",
                           "X-Request-Id: mine\r\nConnection: close\r\ntraceparent: "
                           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  const auto log = linesOf(request);
  for (const std::string& part :
       {std::string("access"), std::string("/things/{id}"), std::string("GET"), std::string("200"), std::string("acme"),
        std::string("mine"), std::string(kTrace), std::string("127.0.0.1"), std::to_string(request.size())})
    EXPECT_NE(log.find(part), std::string::npos) << part << " in " << log;
  EXPECT_EQ(log.find("s3cret"), std::string::npos) << log;
  EXPECT_EQ(log.find("t0ken"), std::string::npos) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
}

TEST_F(AccessLog, LeavesHealthProbesOutAndCanBeSwitchedOff) {
  EXPECT_EQ(linesOf(get("/health", "Connection: close\r\n")), "");
  options_.access_log.enabled = false;
  EXPECT_EQ(linesOf(get("/things/7", "Connection: close\r\n")), "");
}

TEST_F(AccessLog, NamesRequestsThatCouldNotBeReadAndClientsThatLeft) {
  EXPECT_NE(linesOf("NOT HTTP\r\n\r\n").find("400"), std::string::npos);
  handler_.onHandle = nullptr;
  testing::internal::CaptureStderr();
  {
    Server server(options_, handler_);
    {
      RawClient client(server.port());
      client.send(get("/hold"));
      ASSERT_EQ(handler_.takeHeld(1).size(), 1U);  // destroyed: the answer is 500, and perhaps nobody is there
    }
    while (server.stats().connections != 0) std::this_thread::yield();
  }
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(log.find("500") != std::string::npos || log.find("499") != std::string::npos) << log;
}

}  // namespace
}  // namespace patchbay::edge::test
