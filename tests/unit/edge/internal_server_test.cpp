#include "edge/internal_server.hpp"

#include <gtest/gtest.h>

#include <future>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class InternalTest : public ::testing::Test {
 protected:
  TestHandler handler_;
};

TEST_F(InternalTest, AnswersThroughTheSameHandlerAndKeepsTheConnection) {
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send(get("/a?b=c", "X-Request-Id: mine\r\n"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "GET /a?b=c|");
  EXPECT_EQ(reply->field("x-request-id"), "mine");
  EXPECT_EQ(reply->field("content-type"), "text/plain");
  client.send("HEAD /d HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto head = client.reply(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->field("content-length"), std::to_string(std::string("HEAD /d?|").size()));
  client.send(get("/e") + get("/f") + post("/g", "hello"));  // all that follows a request at once
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /e?|");
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /f?|");
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /g?|hello");
}

TEST_F(InternalTest, ARequestWithABodyIsTheLastOfItsConnection) {
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send(post("/b", "hello") + get("/smuggled"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "POST /b?|hello");
  EXPECT_EQ(reply->field("connection"), "Close");
  EXPECT_TRUE(client.closedByServer());
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"POST /b"});
}

TEST_F(InternalTest, AChunkedBodyIs411WhetherItIsWholeOrNot) {
  InternalServer server("127.0.0.1", 0, handler_);
  for (const std::string& body : {std::string("5\r\nhello\r\n0\r\n\r\n"), std::string("5\r\nhel"), std::string(),
                                  "10001\r\n" + std::string(65537, 'x') + "\r\n0\r\n\r\n"}) {
    RawClient client(server.port());
    client.send("POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
    client.finishSending();
    const auto reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 411);
    EXPECT_TRUE(client.closedByServer());
  }
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(InternalTest, ClientsThatDripTheirHeadersHoldNoThread) {
  InternalServer server("127.0.0.1", 0, handler_, 1s);
  std::vector<std::unique_ptr<RawClient>> drips;
  for (int i = 0; i < 24; ++i) {
    drips.push_back(std::make_unique<RawClient>(server.port()));
    drips.back()->send("GET /drip HTTP/1.1\r\nX-Slow: ");
  }
  std::jthread drip([&drips](const std::stop_token& stop) {
    // A byte every so often would satisfy a deadline per read for ever.
    while (!stop.stop_requested()) {
      for (const auto& client : drips) client->send("x");
      std::this_thread::sleep_for(20ms);
    }
  });
  RawClient client(server.port());
  client.send(get("/a"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /a?|");
}

TEST_F(InternalTest, ABodyThatDripsIs408AtTheDeadline) {
  InternalServer server("127.0.0.1", 0, handler_, 1s);
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n");
  while (!client.readable()) {
    client.send("x");
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 408);
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(InternalTest, PagesInABrowserAreRefused) {
  InternalServer server("127.0.0.1", 0, handler_);
  for (const char* field : {"Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
                            "sec-fetch-site: same-origin\r\n"}) {
    RawClient client(server.port());
    client.send(post("/a", "{}", field));
    const auto reply = client.reply();
    ASSERT_TRUE(reply) << field;
    EXPECT_EQ(reply->status, 403) << field;
    EXPECT_NE(reply->body.find("\"code\":\"browser_refused\""), std::string::npos);
  }
  EXPECT_TRUE(handler_.seen().empty());
  RawClient typed(server.port());
  typed.send(get("/metrics", "Sec-Fetch-Site: none\r\n"));
  EXPECT_EQ(typed.reply().value_or(Reply{}).status, 200);
}

TEST_F(InternalTest, RequestsSayWhichDoorTheyCameThrough) {
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send(get("/hold"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].request.listener, http::Listener::kInternal);
  EXPECT_EQ(held[0].request.peer, "127.0.0.1");
  held[0].respond({204, {}, ""});
  const auto reply = client.reply(true);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 204);
}

TEST_F(InternalTest, WaitsForADeferredAnswerAndGivesUpAtTheDeadline) {
  handler_.onLimits = [](const http::Request& head, http::Response*, bool*) {
    http::Limits limits;
    limits.total = head.path == "/hold/short" ? 100ms : 60000ms;
    return limits;
  };
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send(get("/hold/long"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  std::thread([&] { held[0].respond({201, {}, "later"}); }).join();
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->body, "later");
  client.send(get("/hold/short"));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 503);
  handler_.takeHeld(1)[0].respond({200, {}, "too late"});
  client.send(get("/next"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /next?|");
}

TEST_F(InternalTest, DroppedAndThrowingHandlersAre500) {
  InternalServer server("127.0.0.1", 0, handler_);
  for (const char* path : {"/drop", "/throw"}) {
    RawClient client(server.port());
    client.send(get(path));
    const auto reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 500);
    EXPECT_EQ(reply->field("content-type"), "application/problem+json");
  }
}

TEST_F(InternalTest, ABodyOverOneMebibyteIs413AndClosed) {
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient declared(server.port());
  declared.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 1048577\r\n\r\n");
  const auto refused = declared.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
  EXPECT_TRUE(declared.closedByServer());
  RawClient fits(server.port());
  fits.send(post("/a", std::string(1048576, 'x')));
  EXPECT_EQ(fits.reply().value_or(Reply{}).status, 200);
}

TEST_F(InternalTest, TheBodyOfARefusedRequestIsNeverARequest) {
  handler_.onLimits = [](const http::Request& head, http::Response* refusal, bool* refused) {
    *refused = head.path == "/secret";
    if (*refused) *refusal = {401, {}, "no"};
    return http::Limits{};
  };
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send(post("/secret", get("/smuggled")) + get("/next"));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 401);
  EXPECT_TRUE(client.closedByServer());
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(InternalTest, AmbiguousFramingIs400AndClosed) {
  InternalServer server("127.0.0.1", 0, handler_);
  const std::string hidden = get("/smuggled");
  for (const std::string& fields :
       {std::string("Host: t\r\nContent-Length: 5\r\nContent-Length: 0\r\n"),
        std::string("Host: t\r\nContent-Length: +5\r\n"),
        std::string("Host: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        std::string("Host: t\r\nTransfer-Encoding: xchunked\r\n"), std::string("X-A: 1\r\n"),
        std::string("Host: t\r\nHost: t\r\n"), std::string("Host: t\r\nX A: 1\r\n"),
        std::string("Host: t\r\nX-A : 1\r\n"), std::string("Host: t\r\n: 1\r\n"),
        std::string("Host: t\r\nno colon\r\n"), std::string("Host: t\r\nX-A: 1\r\n Content-Length: 5\r\n"),
        std::string("Host: t\nX-A: 1\r\n"), std::string("Host: t\r\nContent-Length: -5\r\n")}) {
    SCOPED_TRACE(fields);
    RawClient client(server.port());
    client.send("POST /a HTTP/1.1\r\n" + fields + "\r\nhello" + hidden);
    const std::string all = client.readToEnd();
    EXPECT_EQ(all.rfind("HTTP/1.1 400", 0), 0U) << all;
    EXPECT_EQ(all.find("HTTP/1.1 ", 1), std::string::npos) << "a second answer: " << all;
  }
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(InternalTest, HeaderValuesAreThoseThatWereSent) {
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send(get("/hold", "X-A: =?utf-8?B?YQ0KYjog?=\r\n"));  // Poco would decode this to text with CR LF inside
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].request.header("X-A"), "=?utf-8?B?YQ0KYjog?=");
  held[0].respond({204, {}, ""});
}

TEST_F(InternalTest, ALengthThatIsNoNumberEndsTheConnection) {
  InternalServer server("127.0.0.1", 0, handler_);
  for (const char* length : {"5, 5", "abc", "99999999999999999999"}) {
    RawClient client(server.port());
    client.send("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::string(length) + "\r\n\r\nhello" +
                get("/smuggled"));
    EXPECT_EQ(client.readToEnd(), "") << "Poco closes without a word";
  }
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(InternalTest, ABodyShorterThanAnnouncedIsRefusedAndNotHandled) {
  InternalServer server("127.0.0.1", 0, handler_);
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello");
  client.finishSending();
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 400);
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(InternalTest, AStopLetsTheRequestInFlightFinish) {
  auto server = std::make_unique<InternalServer>("127.0.0.1", 0, handler_);
  const std::uint16_t port = server->port();
  RawClient client(port);
  client.send(get("/hold"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  auto stopped = std::async(std::launch::async, [&] { server.reset(); });
  for (bool refused = false; !refused;) {
    try {
      RawClient probe(port);
    } catch (const std::system_error&) {
      refused = true;
    }
  }
  held[0].respond({200, {}, "finished"});
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "finished");
  EXPECT_EQ(reply->field("connection"), "Close");
  stopped.get();
}

TEST_F(InternalTest, AStopDoesNotWaitForAHandlerThatNeverAnswers) {
  auto server = std::make_unique<InternalServer>("127.0.0.1", 0, handler_);
  RawClient client(server->port());
  client.send(get("/hold"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  RawClient idle(server->port());
  server.reset();
  held[0].respond({200, {}, "late"});
}

TEST_F(InternalTest, APortTwiceIsAListenErrorWithTheRemedy) {
  InternalServer first("127.0.0.1", 0, handler_);
  try {
    InternalServer second("127.0.0.1", first.port(), handler_);
    FAIL() << "two servers on one port";
  } catch (const ListenError& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(first.port()) + ": Address already in use"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace patchbay::edge::test
