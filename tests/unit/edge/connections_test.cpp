// Connections and answers in general: limits, HEAD, Expect, request ids, headers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include "edge/server.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::edge::test {
namespace {

TEST(Connections, OverTheLimitAre503AndTheOthersGoOn) {
  TestHandler handler;
  ServerOptions options = loopback<ServerOptions>();
  options.max_connections = 2;
  Server server(options, handler);
  auto first = std::make_unique<RawClient>(server.port());
  RawClient second(server.port());
  first->send(get("/hold"));
  second.send(get("/hold"));
  auto held = handler.takeHeld(2);
  ASSERT_EQ(held.size(), 2U);
  RawClient third(server.port());
  const auto refused = third.reply();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->field("retry-after"), "1");
  EXPECT_EQ(refused->field("connection"), "close");
  EXPECT_TRUE(third.closedByServer());
  for (auto& one : held) one.respond({200, {}, "done"});
  EXPECT_EQ(second.reply().value_or(Reply{}).body, "done");

  first.reset();
  third.finishSending();
  while (server.stats().connections > 1) std::this_thread::yield();
  RawClient fourth(server.port());
  fourth.send(get("/c"));
  EXPECT_EQ(fourth.reply().value_or(Reply{}).status, 200);
}

TEST(Connections, RunningOutOfDescriptorsIsSurvived) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(get("/a"));
  ASSERT_TRUE(client.reply());

  // The next client's descriptor is the last one that this process gets, so the server's accept fails.
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit low = before;
  low.rlim_cur = 256;
  setrlimit(RLIMIT_NOFILE, &low);
  std::vector<int> fillers;
  for (int fd = open("/dev/null", O_RDONLY); fd >= 0; fd = open("/dev/null", O_RDONLY)) fillers.push_back(fd);
  ASSERT_FALSE(fillers.empty());
  close(fillers.back());
  fillers.pop_back();
  RawClient waiting(server.port());
  waiting.send(get("/b"));
  while (server.stats().accept_errors == 0) std::this_thread::yield();
  client.send(get("/c"));
  EXPECT_EQ(client.reply().value_or(Reply{}).status, 200) << "the open connections must not suffer";
  EXPECT_FALSE(waiting.readable());

  for (const int fd : fillers) close(fd);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(waiting.reply().value_or(Reply{}).status, 200);
}

TEST(Answers, CarryDateLengthRequestIdAndNosniffButNoServerName) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(get("/a"));
  const auto reply = client.reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->field("content-length"), std::to_string(reply->body.size()));
  EXPECT_EQ(reply->field("content-type"), "text/plain");
  EXPECT_EQ(reply->field("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply->field("date").size(), 29U);
  EXPECT_EQ(reply->field("x-request-id").size(), 32U);
  EXPECT_EQ(reply->field("server"), "(absent)");
  EXPECT_EQ(reply->field("connection"), "(absent)");
}

TEST(Answers, ToHeadHaveTheLengthAndNoBody) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: test\r\n\r\n" + get("/next"));
  const auto head = client.reply(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->field("content-length"), std::to_string(std::string("HEAD /a?|").size()));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /next?|");
}

TEST(Answers, Of204And304HaveNoBody) {
  TestHandler handler;
  handler.onHandle = [](http::Request request, http::Respond respond) {
    respond({request.path == "/204" ? 204 : 304, {}, "never sent"});
  };
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(get("/204") + get("/304") + get("/204", "Connection: close\r\n"));
  const std::string all = client.readToEnd();
  EXPECT_EQ(all.find("never sent"), std::string::npos);
  EXPECT_EQ(all.find("Content-Length"), std::string::npos);
  EXPECT_NE(all.find("HTTP/1.1 304 Not Modified"), std::string::npos);
}

TEST(Answers, ThatCouldSplitTheResponseAreReplacedBy500) {
  const std::vector<http::Headers> bad{{{"X-A", "1\r\nSet-Cookie: a=b"}},
                                       {{"X-A", "1\n2"}},
                                       {{"X A", "1"}},
                                       {{"X-A:", "1"}},
                                       {{"", "1"}},
                                       {{"X-A", std::string("1\0", 2)}},
                                       {{"Content-Length", "0"}},
                                       {{"transfer-encoding", "chunked"}},
                                       {{"Connection", "close"}}};
  for (const http::Headers& headers : bad) {
    SCOPED_TRACE(headers[0].name + ": " + headers[0].value);
    TestHandler handler;
    handler.onHandle = [&](http::Request, http::Respond respond) { respond({200, headers, "body"}); };
    Server server(loopback<ServerOptions>(), handler);
    RawClient client(server.port());
    client.send(get("/a", "Connection: close\r\n"));
    const std::string all = client.readToEnd();
    EXPECT_EQ(all.rfind("HTTP/1.1 500 ", 0), 0U);
    EXPECT_EQ(all.find("Set-Cookie"), std::string::npos);
  }
}

TEST(RequestId, OfTheClientIsKeptWhenWellFormedAndReplacedOtherwise) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  const auto idFor = [&](const std::string& given) {
    client.send(get("/a", "X-Request-Id: " + given + "\r\n"));
    return client.reply().value_or(Reply{}).field("x-request-id");
  };
  EXPECT_EQ(idFor("abc-DEF_1.2"), "abc-DEF_1.2");
  EXPECT_EQ(idFor(std::string(64, 'x')), std::string(64, 'x'));
  const std::string first = idFor(std::string(65, 'x'));
  const std::string second = idFor("a b\"<script>");
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(second.size(), 32U);
  EXPECT_NE(first, second);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Requests, CarryWhatTheClientSent) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(post("/hold/%2e%2e?a=b%20c&d", "hello", "X-A: one\r\nx-a:  two \r\nX-Request-Id: mine\r\n"));
  auto held = handler.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  const http::Request& request = held[0].request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/hold/%2e%2e");
  EXPECT_EQ(request.query, "a=b%20c&d");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(request.peer, "127.0.0.1");
  EXPECT_EQ(request.id, "mine");
  EXPECT_EQ(request.listener, http::Listener::kPublic);
  EXPECT_EQ(request.header("X-a"), "one");
  EXPECT_EQ(request.header("absent"), "");
  ASSERT_EQ(request.headers.size(), 5U);
  EXPECT_EQ(request.headers[2].value, "two");
}

TEST(Expect, IsAnsweredOnlyAfterTheLimitsPassed) {
  TestHandler handler;
  handler.onLimits = [](const http::Request& head, http::Response* refusal, bool* refused) {
    *refused = head.path == "/secret";
    if (*refused) *refusal = {401, {}, "no"};
    http::Limits limits;
    limits.max_body = 10;
    return limits;
  };
  Server server(loopback<ServerOptions>(), handler);
  const auto ask = [](const std::string& path, int length) {
    return "POST " + path +
           " HTTP/1.1\r\nHost: test\r\nExpect: 100-Continue\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  };
  {
    RawClient client(server.port());
    client.send(ask("/a", 5));
    const auto interim = client.reply(true);
    ASSERT_TRUE(interim);
    EXPECT_EQ(interim->head, "HTTP/1.1 100 Continue\r\n");
    EXPECT_TRUE(handler.seen().empty());
    client.send("hello");
    EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /a?|hello");
    client.send(ask("/b", 5));
    EXPECT_EQ(client.reply(true).value_or(Reply{}).status, 100);
    client.send("again" + get("/c"));
    EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /b?|again");
    EXPECT_EQ(client.reply().value_or(Reply{}).body, "GET /c?|");
  }
  for (const auto& [bytes, status] : {std::pair{ask("/secret", 5), 401}, std::pair{ask("/a", 11), 413}}) {
    RawClient client(server.port());
    client.send(bytes);
    const auto refused = client.reply();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, status);
    // Whether the client now sends the body is not knowable, so the connection must not be used again.
    EXPECT_EQ(refused->field("connection"), "close");
  }
}

TEST(Expect, WithTheBodyAlreadyThereGetsNoInterimAnswer) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(post("/a", "hello", "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "POST /a?|hello");
}

TEST(Connections, AClientThatStopsSendingStillGetsItsAnswer) {
  TestHandler handler;
  Server server(loopback<ServerOptions>(), handler);
  RawClient client(server.port());
  client.send(get("/hold"));
  client.finishSending();
  auto held = handler.takeHeld(1);
  ASSERT_EQ(held.size(), 1U);
  held[0].respond({200, {}, "whole"});
  EXPECT_EQ(client.reply().value_or(Reply{}).body, "whole");
  EXPECT_TRUE(client.closedByServer());
}

TEST(Connections, ALargeBodyArrivesWhole) {
  TestHandler handler;
  handler.onLimits = [](const http::Request&, http::Response*, bool*) {
    http::Limits limits;
    limits.max_body = 32U << 20U;
    return limits;
  };
  handler.onHandle = [](http::Request request, http::Respond respond) { respond({200, {}, std::move(request.body)}); };
  Server server(loopback<ServerOptions>(), handler);
  std::string body(10U << 20U, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 997);
  RawClient client(server.port());
  for (int round = 0; round < 2; ++round) {
    client.send(post("/a", body));
    const auto reply = client.reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, body);
  }
  EXPECT_EQ(server.stats().body_bytes, 0U);
}

TEST(Connections, ABorrowedBodyIsSentWhereItLiesAndLetGoOfAfterwards) {
  TestHandler handler;
  handler.onLimits = [](const http::Request&, http::Response*, bool*) {
    http::Limits limits;
    limits.total = std::chrono::hours(1);
    return limits;
  };
  auto bytes = std::make_shared<const std::string>(std::size_t{8} << 20U, 'b');
  handler.onHandle = [&bytes](http::Request request, http::Respond respond) {
    http::Response response{200, {}, {}, {*bytes, bytes}};
    if (request.path == "/small") response.borrowed.bytes = response.borrowed.bytes.substr(0, 10);
    respond(std::move(response));
  };
  Server server(loopback<ServerOptions>(), handler);
  {
    RawClient slow(server.port(), 4096);
    slow.send(get("/large"));
    while (bytes.use_count() < 2) std::this_thread::yield();
    RawClient head(server.port());
    head.send("HEAD /large HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(head.reply(true).value_or(Reply{}).field("content-length"), std::to_string(bytes->size()));
    head.send(get("/small"));
    EXPECT_EQ(head.reply().value_or(Reply{}).body, "bbbbbbbbbb");
    EXPECT_EQ(slow.reply().value_or(Reply{}).body, *bytes);
    RawClient leaves(server.port(), 4096);
    leaves.send(get("/large"));
    EXPECT_TRUE(leaves.send("x"));
  }
  while (server.stats().connections != 0) std::this_thread::yield();
  EXPECT_EQ(bytes.use_count(), 1);
}

}  // namespace
}  // namespace patchbay::edge::test
