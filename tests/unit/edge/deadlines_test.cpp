// No client can hold anything longer than a deadline. The deadlines are short by option; the tests wait for what
// happens.
#include <gtest/gtest.h>

#include <atomic>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class DeadlinesTest : public ::testing::Test {
 protected:
  DeadlinesTest() {
    // Long enough for a test that is kept from running to send what it means to.
    options_.header_deadline = 2s;
    options_.idle = 2s;
    handler_.onLimits = [this](const http::Request&, http::Response*, bool*) {
      http::Limits limits;
      limits.max_body = 100U << 20U;
      limits.total = total_;
      return limits;
    };
  }
  TestHandler handler_;
  ServerOptions options_ = loopback<ServerOptions>();
  std::chrono::milliseconds total_ = 300ms;
};

TEST_F(DeadlinesTest, AConnectionWithoutAByteIsClosedSilently) {
  Server server(options_, handler_);
  RawClient client(server.port());
  EXPECT_EQ(client.readToEnd(), "");
}

TEST_F(DeadlinesTest, AHeaderThatDribblesIs408) {
  Server server(options_, handler_);
  RawClient client(server.port());
  const auto started = Clock::now();
  client.send("GET /a HTTP/1.1\r\nX-Slow: ");
  // A byte every so often would satisfy a deadline per read for ever.
  while (!client.readable()) {
    client.send("x");
    std::this_thread::sleep_for(5ms);
  }
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
  EXPECT_NE(reply->body.find("\"code\":\"request_timeout\""), std::string::npos);
  EXPECT_GE(Clock::now() - started, 2s);
  EXPECT_EQ(server.stats().timed_out, 1U);
}

TEST_F(DeadlinesTest, ABodyThatStallsIs408LongBeforeTheTotalDeadline) {
  total_ = 1h;
  options_.body_window = 50ms;
  Server server(options_, handler_);
  for (const char* field : {"Content-Length: 100000", "Transfer-Encoding: chunked"}) {
    RawClient client(server.port());
    client.send("POST /a HTTP/1.1\r\nHost: test\r\n" + std::string(field) + "\r\n\r\n7fff\r\n" +
                std::string(20000, 'x'));
    const auto reply = client.reply();
    ASSERT_TRUE(reply) << field;
    EXPECT_EQ(reply->status, 408) << field;
    EXPECT_EQ(server.stats().body_bytes, 0U);
  }
}

TEST_F(DeadlinesTest, ABodyThatKeepsComingMayTakeSeveralWindows) {
  total_ = 1h;
  options_.body_window = 2s;
  Server server(options_, handler_);
  RawClient client(server.port());
  const std::string part(10000, 'x');  // one is enough for a window
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 500000\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    client.send(part);
    std::this_thread::sleep_for(100ms);
  }
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

TEST_F(DeadlinesTest, ABodyThatDribblesIs408AtTheTotalDeadline) {
  Server server(options_, handler_);
  RawClient client(server.port());
  const auto started = Clock::now();
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n");
  while (!client.readable()) {
    client.send("x");
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 408);
  EXPECT_GE(Clock::now() - started, 300ms);
  EXPECT_TRUE(handler_.seen().empty());
}

TEST_F(DeadlinesTest, AnIdleConnectionIsClosedSilently) {
  Server server(options_, handler_);
  RawClient client(server.port());
  client.send(get("/a"));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200);
  EXPECT_TRUE(client.closedByServer());
  EXPECT_EQ(server.stats().timed_out, 0U);
}

TEST_F(DeadlinesTest, AHandlerThatDoesNotAnswerIs503AndItsLateAnswerIsIgnored) {
  Server server(options_, handler_);
  RawClient client(server.port());
  client.send(get("/hold") + get("/next"));
  const auto first = client.reply();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 503);
  EXPECT_NE(first->body.find("\"code\":\"deadline_exceeded\""), std::string::npos);
  EXPECT_EQ(first->field("retry-after"), "1");
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  held[0].respond({200, {}, "late"});
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /next?|");
  client.send(get("/third"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /third?|");
}

TEST_F(DeadlinesTest, TheHandlerLearnsTheDeadline) {
  Server server(options_, handler_);
  RawClient client(server.port());
  const auto before = Clock::now();
  client.send(get("/hold"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_GE(held[0].request.deadline, before + 300ms);
  EXPECT_LE(held[0].request.deadline, Clock::now() + 300ms);
}

TEST_F(DeadlinesTest, AClientThatNeverReadsIsCut) {
  handler_.onHandle = [](http::Request, http::Respond respond) { respond({200, {}, std::string(64U << 20U, 'x')}); };
  Server server(options_, handler_);
  RawClient client(server.port(), 4096);
  client.send(get("/large"));
  while (server.stats().timed_out == 0 || server.stats().connections != 0) std::this_thread::yield();
  EXPECT_LT(client.readToEnd().size(), 64U << 20U);
}

TEST_F(DeadlinesTest, ALargeAnswerToASlowReaderIsWhole) {
  total_ = 1h;
  handler_.onHandle = [](http::Request, http::Respond respond) { respond({200, {}, std::string(8U << 20U, 'x')}); };
  Server server(options_, handler_);
  RawClient client(server.port(), 4096);
  client.send(get("/large"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, std::string(8U << 20U, 'x'));
}

}  // namespace
}  // namespace patchbay::edge::test
