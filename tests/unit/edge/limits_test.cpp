// What is refused for its size, before and while it is read.
#include <gtest/gtest.h>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

class LimitsTest : public ::testing::Test {
 protected:
  LimitsTest() {
    handler_.onLimits = [](const http::Request& head, http::Response* refusal, bool* refused) {
      if (head.path == "/secret") {
        *refused = true;
        *refusal = {401, {{"WWW-Authenticate", "Bearer"}}, "who are you"};
      }
      http::Limits limits;
      limits.max_body = 1000;
      return limits;
    };
  }
  TestHandler handler_;
};

std::string chunk(const std::string& text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}
std::string chunkedHead(const std::string& path) {
  return "POST " + path + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
}

TEST_F(LimitsTest, ABodyOfExactlyTheLimitIsAccepted) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(post("/a", std::string(1000, 'x')));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200);
  client.send(chunkedHead("/a") + chunk(std::string(600, 'x')) + chunk(std::string(400, 'x')) + "0\r\n\r\n");
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200);
}

TEST_F(LimitsTest, ABodyOverTheLimitIsRefusedByItsLengthBeforeItArrives) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n");
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(reply->field("connection"), "close");
  EXPECT_NE(reply->body.find("\"code\":\"body_too_large\""), std::string::npos);
  EXPECT_TRUE(client.closedByServer());
  EXPECT_EQ(server.stats().refused_size, 1U);
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(LimitsTest, AnErrorInAnotherFormIsSoWhoeverGivesIt) {
  auto options = loopback<ServerOptions>();
  options.restyle = [](http::Response& response) {
    if (response.status >= 400) response.body = "styled";
  };
  Server server(options, handler_);
  RawClient client(server.port());
  client.send("GET /secret HTTP/1.1\r\nHost: test\r\n\r\n");  // the handler's
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "styled");
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n");  // the edge's
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "styled");
}

TEST_F(LimitsTest, AChunkedBodyOverTheLimitIsRefusedWhileItArrives) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(chunkedHead("/a") + chunk(std::string(900, 'x')));
  client.send(chunk(std::string(101, 'x')));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 413);
  EXPECT_TRUE(client.closedByServer());
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(LimitsTest, OneHugeChunkIsRefusedByItsSizeLine) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(chunkedHead("/a") + "ffffffffffffffff\r\n");
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 413);
}

TEST_F(LimitsTest, ATrailerWithoutEndIsRefused) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(chunkedHead("/a") + "0\r\nX-T: " + std::string(80000, 'x'));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 400);
}

TEST_F(LimitsTest, ARefusalByHeaderAloneKeepsTheConnectionAndTheBodyIsNeverARequest) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(post("/secret", get("/smuggled")) + get("/next"));
  const auto refused = client.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->field("www-authenticate"), "Bearer");
  EXPECT_EQ(refused->body, "who are you");
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /next?|");
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"GET /next"});
}

TEST_F(LimitsTest, ARefusalComesBeforeTheBodyAndALateSmallBodyIsSkipped) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send("POST /secret HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n");
  const auto refused = client.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->field("connection"), "(absent)");
  std::string body;
  while (body.size() < 60000) body += get("/smuggled");
  body.resize(60000);
  client.send(body + get("/next"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /next?|");
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"GET /next"});
}

TEST_F(LimitsTest, ARefusedLargeBodyEndsTheConnectionAndIsNeverARequest) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  std::string body;
  while (body.size() < 200000) body += get("/smuggled");
  client.send("POST /secret HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  client.send(body);
  const std::string all = client.readToEnd();
  EXPECT_EQ(all.rfind("HTTP/1.1 401", 0), 0U);
  EXPECT_NE(all.find("Connection: close"), std::string::npos);
  EXPECT_EQ(all.find("smuggled"), std::string::npos);
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(LimitsTest, ARefusedChunkedBodyThatIsNotCompleteEndsTheConnection) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(chunkedHead("/secret") + chunk("hello"));
  const auto refused = client.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->field("connection"), "close");
}

TEST_F(LimitsTest, AHeaderOfTheLimitIsAcceptedAndOneByteMoreIs431) {
  ServerOptions options = loopback<ServerOptions>();
  options.max_header = 2000;
  Server server(options, handler_);
  const std::string frame = "GET /a HTTP/1.1\r\nHost: test\r\nX: \r\n\r\n";
  RawClient fits(server.port());
  fits.send("GET /a HTTP/1.1\r\nHost: test\r\nX: " + std::string(2000 - frame.size(), 'x') + "\r\n\r\n");
  EXPECT_EQ(fits.reply().value_or(Reply{}).status, 200);
  RawClient over(server.port());
  over.send("GET /a HTTP/1.1\r\nHost: test\r\nX: " + std::string(2001 - frame.size(), 'x') + "\r\n\r\n");
  EXPECT_EQ(over.reply().value_or(Reply{}).status, 431);
  EXPECT_TRUE(over.closedByServer());
  RawClient endless(server.port());
  endless.send("GET /" + std::string(5000, 'x'));
  EXPECT_EQ(endless.reply().value_or(Reply{}).status, 431);
  EXPECT_EQ(server.stats().refused_size, 2U);
}

TEST_F(LimitsTest, ALongTargetWithinTheHeaderLimitIsAccepted) {
  Server server(loopback<ServerOptions>(), handler_);
  RawClient client(server.port());
  client.send(get("/" + std::string(15000, 'x')));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200);
}

TEST_F(LimitsTest, AHundredFieldsAreAcceptedAndOneMoreIs431) {
  Server server(loopback<ServerOptions>(), handler_);
  std::string fields;
  for (int i = 1; i < 100; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  RawClient fits(server.port());
  fits.send(get("/a", fields));
  EXPECT_EQ(fits.reply().value_or(Reply{}).status, 200);
  RawClient over(server.port());
  over.send(get("/a", fields + "X-100: 1\r\n"));
  EXPECT_EQ(over.reply().value_or(Reply{}).status, 431);
}

class BudgetTest : public ::testing::Test {
 protected:
  BudgetTest() {
    handler_.onLimits = [](const http::Request&, http::Response*, bool*) {
      http::Limits limits;
      limits.max_body = 8U << 20U;
      return limits;
    };
    options_.body_budget = options_.body_budget_per_peer = 1U << 20U;
  }
  TestHandler handler_;
  ServerOptions options_ = loopback<ServerOptions>();
};

TEST_F(BudgetTest, ABodyThatDoesNotFitIs503AndFitsAgainWhenTheOthersAreAnswered) {
  Server server(options_, handler_);
  RawClient first(server.port());
  first.send(post("/hold", std::string(700000, 'x')));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(server.stats().body_bytes, 700000U);
  RawClient second(server.port());
  second.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 700000\r\n\r\n");
  const auto refused = second.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->field("retry-after"), "1");
  EXPECT_NE(refused->body.find("\"code\":\"body_budget\""), std::string::npos);
  EXPECT_EQ(server.stats().refused_busy, 1U);
  RawClient small(server.port());
  small.send(post("/a", "small"));
  EXPECT_EQ(small.reply().value_or(Reply{}).status, 200) << "a small one still fits";

  held[0].respond({200, {}, "done"});
  EXPECT_EQ(first.reply().value_or(Reply{}).body, "done");
  EXPECT_EQ(server.stats().body_bytes, 0U);
  RawClient third(server.port());
  third.send(post("/a", std::string(700000, 'x')));
  EXPECT_EQ(third.reply().value_or(Reply{}).status, 200);
}

TEST_F(BudgetTest, OneAddressCannotTakeWhatTheOthersNeed) {
  options_.body_budget_per_peer = 0;  // a quarter
  Server server(options_, handler_);
  std::vector<std::unique_ptr<RawClient>> greedy;
  for (int i = 0; i < 2; ++i) {
    greedy.push_back(std::make_unique<RawClient>(server.port()));
    greedy.back()->send(post("/hold", std::string(120000, 'x')));
  }
  const auto held = handler_.takeHeld(2);
  ASSERT_EQ(held.size(), 2U);
  RawClient more(server.port());
  more.send(post("/a", std::string(120000, 'x')));
  EXPECT_EQ(more.reply().value_or(Reply{}).status, 503);
  RawClient chunked(server.port());
  chunked.send(chunkedHead("/a") + chunk(std::string(60000, 'x')));
  EXPECT_EQ(chunked.reply().value_or(Reply{}).status, 503);
  RawClient other(server.port(), 0, "127.0.0.2");
  other.send(post("/a", std::string(700000, 'x')));
  EXPECT_EQ(other.reply().value_or(Reply{}).status, 200);
}

TEST_F(BudgetTest, AChunkedBodyIsChargedAsItArrives) {
  Server server(options_, handler_);
  RawClient client(server.port());
  client.send(chunkedHead("/a"));
  for (int i = 0; i < 30; ++i) {
    if (!client.send(chunk(std::string(50000, 'x')))) break;
  }
  const auto refused = client.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(server.stats().body_bytes, 0U);
}

TEST_F(BudgetTest, ADeclaredLengthCostsNothingUntilItsBytesArrive) {
  Server server(options_, handler_);
  std::vector<std::unique_ptr<RawClient>> liars;
  for (int i = 0; i < 20; ++i) {
    liars.push_back(std::make_unique<RawClient>(server.port()));
    liars.back()->send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nx");
  }
  RawClient honest(server.port());
  honest.send(post("/a", std::string(500000, 'x')));
  EXPECT_EQ(honest.reply().value_or(Reply{}).status, 200);
}

TEST_F(BudgetTest, AClientThatLeavesGivesItsBytesBack) {
  Server server(options_, handler_);
  {
    RawClient client(server.port());
    client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n" + std::string(500000, 'x'));
    while (server.stats().body_bytes < 500000) std::this_thread::yield();
  }
  while (server.stats().connections != 0) std::this_thread::yield();
  EXPECT_EQ(server.stats().body_bytes, 0U);
}

}  // namespace
}  // namespace patchbay::edge::test
