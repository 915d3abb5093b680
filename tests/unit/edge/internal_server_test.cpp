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
  client.send(post("/b", "hello"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /b?|hello");
  client.send("POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /c?|hello");
  client.send("HEAD /d HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto head = client.reply(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->field("content-length"), std::to_string(std::string("HEAD /d?|").size()));
  client.send(get("/e"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /e?|");
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
    limits.total = head.path == "/hold/short" ? 100ms : 10000ms;
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
  RawClient chunked(server.port());
  chunked.send("POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n" +
               std::string(1048577, 'x'));
  EXPECT_EQ(chunked.reply().value_or(Reply{}).status, 413);
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
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /next?|");
  EXPECT_EQ(handler_.seen(), std::vector<std::string>{"GET /next"});
}

TEST_F(InternalTest, AmbiguousFramingIs400AndClosed) {
  InternalServer server("127.0.0.1", 0, handler_);
  const std::string hidden = get("/smuggled");
  for (const std::string& fields : {std::string("Host: t\r\nContent-Length: 5\r\nContent-Length: 0\r\n"),
                                    std::string("Host: t\r\nContent-Length: +5\r\n"),
                                    std::string("Host: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
                                    std::string("Host: t\r\nTransfer-Encoding: xchunked\r\n"),
                                    std::string("X-A: 1\r\n"), std::string("Host: t\r\nHost: t\r\n"),
                                    // Poco decodes RFC 2047 in header values: this one arrives with CR LF inside.
                                    std::string("Host: t\r\nX-A: =?utf-8?B?YQ0KYjog?=\r\n")}) {
    SCOPED_TRACE(fields);
    RawClient client(server.port());
    client.send("POST /a HTTP/1.1\r\n" + fields + "\r\nhello" + hidden);
    const std::string all = client.readToEnd();
    EXPECT_EQ(all.rfind("HTTP/1.1 400", 0), 0U) << all;
    EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << "a second answer: " << all;
  }
  EXPECT_TRUE(handler_.seen().empty());
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
