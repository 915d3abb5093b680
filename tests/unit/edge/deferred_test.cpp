// Answers that come later and from other threads.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

class DeferredTest : public ::testing::TestWithParam<unsigned> {
 protected:
  DeferredTest() { options_.io_threads = GetParam(); }
  TestHandler handler_;
  ServerOptions options_ = loopback<ServerOptions>();
};
INSTANTIATE_TEST_SUITE_P(IoThreads, DeferredTest, ::testing::Values(1U, 3U));

TEST_P(DeferredTest, FiftyAnswersFromAnotherThreadAtOnceReachTheirOwnClients) {
  Server server(options_, handler_);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<RawClient>(server.port()));
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) clients[static_cast<std::size_t>(i)]->send(get("/hold/" + std::to_string(i)));
    auto held = handler_.takeHeld(50);
    ASSERT_EQ(held.size(), 50U);
    std::thread lane([&held] {
      for (auto& one : held) one.respond({200, {}, one.request.path});
    });
    lane.join();
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(clients[static_cast<std::size_t>(i)]->reply().value_or(Reply{}).body, "/hold/" + std::to_string(i));
    }
  }
}

TEST_P(DeferredTest, ManyThreadsAnswerWhileOthersAsk) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<TestHandler::Held> queue;
  bool over = false;
  handler_.onHandle = [&](http::Request request, http::Respond respond) {
    const std::lock_guard lock(mutex);
    queue.push_back({std::move(request), std::move(respond)});
    changed.notify_one();
  };
  std::vector<std::jthread> lanes;  // last: they end before what they use
  for (int i = 0; i < 3; ++i) {
    lanes.emplace_back([&] {
      for (;;) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return over || !queue.empty(); });
        if (queue.empty()) return;
        auto batch = std::exchange(queue, {});
        lock.unlock();
        for (auto& one : batch) one.respond(TestHandler::echo(one.request));
      }
    });
  }
  {
    Server server(options_, handler_);
    std::atomic<int> wrong{0};
    {
      std::vector<std::jthread> askers;
      for (int i = 0; i < 8; ++i) {
        askers.emplace_back([&, i] {
          RawClient client(server.port());
          for (int n = 0; n < 300; ++n) {
            const std::string path = "/" + std::to_string(i) + "/" + std::to_string(n);
            client.send(post(path, path));
            if (client.reply().value_or(Reply{}).body != "POST " + path + "?|" + path) ++wrong;
          }
        });
      }
    }
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(server.stats().requests, 2400U);
  }
  const std::lock_guard lock(mutex);
  over = true;
  changed.notify_all();
}

TEST_P(DeferredTest, ADroppedRespondIs500InsideTheCallAndLater) {
  Server server(options_, handler_);
  RawClient client(server.port());
  client.send(get("/drop"));
  const auto inside = client.reply();
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->status, 500);
  EXPECT_NE(inside->body.find("\"code\":\"no_answer\""), std::string::npos);
  EXPECT_NE(inside->body.find(inside->field("x-request-id")), std::string::npos);
  client.send(get("/hold"));
  handler_.takeHeld(1).clear();
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 500);
  client.send(get("/next"));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200);
}

TEST_P(DeferredTest, OnlyTheFirstAnswerCounts) {
  handler_.onHandle = [](http::Request, http::Respond respond) {
    const http::Respond copy = respond;
    respond({200, {}, "first"});
    copy({200, {}, "second"});
  };
  Server server(options_, handler_);
  RawClient client(server.port());
  client.send(get("/a"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "first");
  client.send(get("/a"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "first");
}

TEST_P(DeferredTest, AHandlerThatThrowsIs500AndTheConnectionGoesOn) {
  Server server(options_, handler_);
  RawClient client(server.port());
  client.send(get("/throw") + get("/next"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 500);
  EXPECT_EQ(reply->body.find("thrown by the test"), std::string::npos) << "inner texts are for the log";
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200);
}

TEST_P(DeferredTest, AnAnswerForAClientThatLeftIsHarmless) {
  Server server(options_, handler_);
  {
    RawClient client(server.port());
    client.send(get("/hold"));
    auto held = handler_.takeHeld(1);
    ASSERT_EQ(held.size(), 1U);
    held[0].respond({200, {}, std::string(1U << 20U, 'x')});
  }
  RawClient next(server.port());
  next.send(get("/a"));
  EXPECT_EQ(next.reply().value_or(Reply{}).status, 200);
}

TEST_P(DeferredTest, AnAnswerAfterTheServerIsGoneIsHarmless) {
  std::vector<TestHandler::Held> held;
  {
    Server server(options_, handler_);
    RawClient client(server.port());
    client.send(get("/hold") + get("/hold"));
    held = handler_.takeHeld(1);
    ASSERT_EQ(held.size(), 1U);
  }
  held[0].respond({200, {}, "late"});
  held.clear();
}

TEST_P(DeferredTest, AnsweringAnotherClientFromInsideAHandlerWorks) {
  std::optional<http::Respond> waiting;
  std::mutex mutex;
  handler_.onHandle = [&](http::Request request, http::Respond respond) {
    const std::lock_guard lock(mutex);
    if (request.path == "/wait") {
      waiting = std::move(respond);
      return;
    }
    (*waiting)({200, {}, "woken"});
    waiting.reset();
    respond({200, {}, "waker"});
  };
  Server server(options_, handler_);
  RawClient sleeper(server.port());
  sleeper.send(get("/wait") + get("/wait"));  // its second request must not be handled inside the waker's call
  for (bool there = false; !there; std::this_thread::yield()) {
    const std::lock_guard lock(mutex);
    there = waiting.has_value();
  }
  RawClient waker(server.port());
  waker.send(get("/wake"));
  EXPECT_EQ(waker.reply().value_or(Reply{}).body, "waker");
  EXPECT_EQ(sleeper.reply().value_or(Reply{}).body, "woken");
}

}  // namespace
}  // namespace patchbay::edge::test
