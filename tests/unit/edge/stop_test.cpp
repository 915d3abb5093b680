// The end of a server: nothing that was begun is lost within the grace, and nothing holds it up longer.
#include <gtest/gtest.h>

#include <future>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

bool refusesConnections(std::uint16_t port) {
  try {
    RawClient probe(port);
    return false;
  } catch (const std::system_error& error) {
    return error.code().value() == ECONNREFUSED;
  }
}

TEST(Stop, LetsARequestInFlightFinishAndRefusesNewClients) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient idle(server.port());
  idle.send(get("/a"));
  ASSERT_TRUE(idle.reply());
  RawClient busy(server.port());
  busy.send(get("/hold"));
  auto held = handler.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);

  auto stopped = std::async(std::launch::async, [&] { server.stop(60s); });
  EXPECT_TRUE(idle.closedByServer());
  while (!refusesConnections(server.port())) std::this_thread::yield();
  EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout) << "it did not wait for the request";

  held[0].respond({200, {}, "finished"});
  const auto reply = busy.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "finished");
  EXPECT_EQ(reply->field("connection"), "close");
  stopped.get();
}

TEST(Stop, ARequestThatIsStillArrivingIsAnswered) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.reply(true).value_or(Reply{}).status, 100);
  auto stopped = std::async(std::launch::async, [&] { server.stop(60s); });
  while (!refusesConnections(server.port())) std::this_thread::yield();
  client.send("hello");
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /a?|hello");
  stopped.get();
}

TEST(Stop, CutsWhatIsLeftAfterTheGrace) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(get("/hold"));
  auto held = handler.takeHeld(1);
  const auto started = Clock::now();
  server.stop(100ms);
  EXPECT_GE(Clock::now() - started, 100ms);
  EXPECT_EQ(client.readToEnd(), "");
  EXPECT_EQ(server.stats().connections, 0U);
  held[0].respond({200, {}, "late"});
}

TEST(Stop, OfAServerWithManyConnectionsUnderLoadIsClean) {
  for (int round = 0; round < 5; ++round) {
    TestHandler handler;
    ServerOptions options = loopback<ServerOptions>();
    options.io_threads = 2;
    Server server(options, handler);
    std::atomic<int> broken{0};
    std::atomic<int> answered{0};
    std::vector<std::jthread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, owned = std::make_unique<RawClient>(server.port())] {
        RawClient& client = *owned;
        while (client.send(get("/a"))) {
          const auto reply = client.reply();
          if (!reply) return;
          if (reply->status != 200) ++broken;
          ++answered;
          if (reply->field("connection") == "close") return;
        }
      });
    }
    while (answered < 50) std::this_thread::yield();
    server.stop(5s);
    clients.clear();
    EXPECT_EQ(broken.load(), 0);
    EXPECT_EQ(server.stats().connections, 0U);
  }
}

TEST(Listen, APortTwiceNamesAddressReasonAndRemedy) {
  TestHandler handler;
  Server first(loopback<ServerOptions>(), handler);
  ServerOptions options = loopback<ServerOptions>();
  options.port = first.port();
  try {
    Server second(options, handler);
    FAIL() << "two servers on one port";
  } catch (const ListenError& error) {
    const std::string where = "127.0.0.1:" + std::to_string(first.port());
    EXPECT_EQ(std::string(error.what()), "cannot listen on " + where +
                                             ": Address already in use; another program is listening on " + where +
                                             "; stop it or choose another port with PORT or --port");
  }
}

TEST(Listen, AWrongHostIsNamed) {
  TestHandler handler;
  ServerOptions options = loopback<ServerOptions>();
  options.host = "nowhere.example";
  EXPECT_THROW(Server(options, handler), ListenError);
  options.host = "192.0.2.1";  // TEST-NET: never ours
  try {
    Server server(options, handler);
    FAIL() << "listens on an address of somebody else";
  } catch (const ListenError& error) {
    EXPECT_NE(std::string(error.what()).find("this machine has no such address"), std::string::npos) << error.what();
  }
}

TEST(Listen, TheSamePortCanBeUsedAgainAtOnce) {
  TestHandler handler;
  ServerOptions options = loopback<ServerOptions>();
  for (int i = 0; i < 5; ++i) {
    Server server(options, handler);
    options.port = server.port();
    RawClient client(server.port());
    client.send(get("/a"));
    ASSERT_TRUE(client.reply());
    server.stop(1s);
  }
}

}  // namespace
}  // namespace patchbay::edge::test
