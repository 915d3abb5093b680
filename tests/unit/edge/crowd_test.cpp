// Too many connections: who goes, who stays.
#include <gtest/gtest.h>

#include <future>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

using namespace std::chrono_literals;

class CrowdTest : public ::testing::Test {
 protected:
  CrowdTest() { options_.max_connections = 2; }
  static int statusOf(RawClient& client, const std::string& path) {
    client.send(get(path));
    return client.reply().value_or(Reply{}).status;
  }
  TestHandler handler_;
  ServerOptions options_ = loopback<ServerOptions>();
};

TEST_F(CrowdTest, TheOldestIdleConnectionMakesRoomForANewOne) {
  Server server(options_, handler_);
  RawClient oldest(server.port());
  ASSERT_EQ(statusOf(oldest, "/a"), 200);
  RawClient younger(server.port());
  ASSERT_EQ(statusOf(younger, "/b"), 200);
  RawClient newcomer(server.port());
  EXPECT_EQ(statusOf(newcomer, "/c"), 200);
  EXPECT_TRUE(oldest.closedByServer());
  EXPECT_EQ(statusOf(younger, "/d"), 200);
  EXPECT_EQ(server.stats().shed, 1U);
  EXPECT_EQ(server.stats().refused_busy, 0U);
}

TEST_F(CrowdTest, ARequestThatHasArrivedKeepsItsPlaceAlthoughNobodyHasReadItYet) {
  options_.io_threads = 1;
  std::promise<void> entered, open;
  handler_.onHandle = [&](const http::Request& request, const http::Respond& respond) {
    if (request.path == "/block") {  // an I/O thread that is behind
      entered.set_value();
      open.get_future().wait();
    }
    respond(TestHandler::echo(request));
  };
  Server server(options_, handler_);
  RawClient served(server.port());
  ASSERT_EQ(statusOf(served, "/a"), 200);
  RawClient blocker(server.port());
  blocker.send(get("/block"));
  entered.get_future().wait();
  RawClient newcomer(server.port());
  newcomer.send(get("/c"));
  served.send(get("/b"));
  open.set_value();
  EXPECT_EQ(served.reply().value_or(Reply{}).status, 200);
  EXPECT_EQ(blocker.reply().value_or(Reply{}).status, 200);
}

TEST_F(CrowdTest, ASlowHeaderMakesRoomWhenNobodyIsIdle) {
  options_.header_deadline = 60s;
  Server server(options_, handler_);
  RawClient slow(server.port());
  slow.send("GET /slow HTTP/1.1\r\nX-A: ");
  RawClient busy(server.port());
  busy.send(get("/hold"));
  auto held = handler_.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  // Refused while the header may still be a fair one; once it cannot be, its place is given away.
  int status = 0;
  for (int attempt = 0; attempt < 600 && status != 200; ++attempt) {
    RawClient newcomer(server.port());
    status = statusOf(newcomer, "/c");
    if (status != 200) std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(status, 200);
  EXPECT_TRUE(slow.closedByServer());
  held[0].respond({200, {}, "handled"});
  EXPECT_EQ(busy.reply().value_or(Reply{}).body, "handled");
}

TEST_F(CrowdTest, AnAddressWithManyConnectionsYieldsToOneWithFew) {
  options_.max_connections = 3;
  Server server(options_, handler_);
  std::vector<std::unique_ptr<RawClient>> many;
  for (int i = 0; i < 3; ++i) {
    many.push_back(std::make_unique<RawClient>(server.port(), 0, "127.0.0.2"));
    many.back()->send("GET /partial HTTP/1.1\r\n");
  }
  while (server.stats().bytes_in < 3 * 23) std::this_thread::yield();
  RawClient other(server.port(), 0, "127.0.0.3");
  EXPECT_EQ(statusOf(other, "/a"), 200) << "at once, before any header is late";
  EXPECT_EQ(server.stats().shed, 1U);
}

TEST_F(CrowdTest, OneAddressHasItsLimitAndOthersHaveTheirs) {
  options_.max_connections = 100;
  options_.max_connections_per_address = 2;
  Server server(options_, handler_);
  RawClient first(server.port());
  RawClient second(server.port());
  ASSERT_EQ(statusOf(first, "/a"), 200);
  ASSERT_EQ(statusOf(second, "/a"), 200);
  RawClient third(server.port());
  EXPECT_EQ(third.reply().value_or(Reply{}).status, 503);
  EXPECT_EQ(server.stats().refused_address, 1U);
  RawClient elsewhere(server.port(), 0, "127.0.0.2");
  EXPECT_EQ(statusOf(elsewhere, "/a"), 200);
  EXPECT_EQ(statusOf(first, "/b"), 200) << "who was there before stays";
}

TEST_F(CrowdTest, ATrustedProxyHasNoLimitOfItsOwn) {
  options_.max_connections = 100;
  options_.max_connections_per_address = 1;
  options_.trusted_proxies = {"127.0.0.1"};
  Server server(options_, handler_);
  RawClient first(server.port());
  RawClient second(server.port());
  EXPECT_EQ(statusOf(first, "/a"), 200);
  EXPECT_EQ(statusOf(second, "/a"), 200);
}

TEST_F(CrowdTest, AFloodOfRefusedConnectionsDoesNotFillTheServer) {
  options_.max_connections = 10;
  options_.max_connections_per_address = 1;
  Server server(options_, handler_);
  std::vector<std::unique_ptr<RawClient>> flood;
  for (int i = 0; i < 200; ++i) flood.push_back(std::make_unique<RawClient>(server.port()));
  while (server.stats().accepted < 200) std::this_thread::yield();
  RawClient other(server.port(), 0, "127.0.0.2");
  EXPECT_EQ(statusOf(other, "/a"), 200);
}

TEST_F(CrowdTest, StatsTellOpenIdleAnswersAndBytes) {
  options_.max_connections = 10;
  Server server(options_, handler_);
  RawClient client(server.port());
  const auto request = post("/a", "hello");
  client.send(request);
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  while (server.stats().idle != 1 || server.stats().bytes_out == 0) std::this_thread::yield();
  const auto stats = server.stats();
  EXPECT_EQ(stats.connections, 1U);
  EXPECT_EQ(stats.requests, 1U);
  EXPECT_EQ(stats.answers[2], 1U);
  EXPECT_EQ(stats.answers[5], 0U);
  EXPECT_EQ(stats.bytes_in, request.size());
  EXPECT_GT(stats.bytes_out, reply->body.size());
  EXPECT_GT(stats.body_budget, 0U);
  EXPECT_FALSE(stats.tls);
}

}  // namespace
}  // namespace patchbay::edge::test
