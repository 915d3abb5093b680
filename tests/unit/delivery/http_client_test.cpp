#include "delivery/http_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/delivery/http_fixture.hpp"
#include "unit/delivery/raw_server.hpp"

namespace patchbay::delivery {
namespace {

using testing_support::answer;
using testing_support::RawConnection;
using testing_support::RawServer;

class HttpClientTest : public HttpFixture {};

/// Answers every request of every connection with `text`.
auto always(std::string text) {
  return [text = std::move(text)](RawConnection& c, int) {
    while (!c.request().empty() && c.send(text)) {
    }
  };
}

TEST_F(HttpClientTest, SendsTheRequestAsItWasMadeAndGivesTheWholeAnswer) {
  std::string seen;
  RawServer server([&](RawConnection& c, int) {
    seen = c.request();
    c.send("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n" +
           answer("{\"ok\":1}", "HTTP/1.1 201 Created\r\nX-Id:  7 \r\nX-Id: 8"));
    c.waitForClose();
  });
  const auto got = ask({{"url", server.url("/v1/messages?x=1")},
                        {"json", {{"a", "ü"}}},
                        {"headers", Json::array({Json::array({"X-Empty", ""})})},
                        {"auth", {{{"scheme", "bearer"}, {"key", "token"}}}}},
                       {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_ANSWERED) << got.answer.error;
  EXPECT_EQ(got.answer.status, 201);
  EXPECT_EQ(got.answer.body, "{\"ok\":1}");
  ASSERT_EQ(got.answer.headers.size(), 3U);
  EXPECT_EQ(got.answer.headers[0].value, "7");
  EXPECT_EQ(got.answer.headers[1].value, "8");
  client_.reset();
  EXPECT_TRUE(seen.starts_with("POST /v1/messages?x=1 HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("\r\nAuthorization: Bearer s3cr3t-token\r\n"), std::string::npos);
  EXPECT_NE(seen.find("\r\nX-Empty:\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\r\nContent-Length: 10\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("Expect:"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"a\":\"ü\"}"));
}

/// Answers the first POST of each connection; reads the second whole, and closes.
struct DyingServer {
  std::atomic<int> posts{0};
  std::atomic<int> second_posts{0};
  RawServer server{[this](RawConnection& c, int) {
    for (int i = 0; !c.request().empty(); ++i) {
      ++posts;
      if (i == 1) ++second_posts;
      if (i == 1 || !c.send(answer("one"))) return;
    }
  }};
};

TEST_F(HttpClientTest, NeverMakesAPostTwiceWhenAReusedConnectionDies) {
  DyingServer dying;
  const auto first = ask({{"url", dying.server.url()}, {"body", "a"}}, {dying.server.authority()});
  EXPECT_EQ(first.answer.body, "one");
  const auto second = ask({{"url", dying.server.url()}, {"body", "b"}}, {dying.server.authority()});
  EXPECT_EQ(second.answer.failure, PB_NO_ANSWER) << second.answer.error;
  EXPECT_EQ(dying.second_posts, 1) << "the connection was not reused, so nothing was tested";
  EXPECT_EQ(dying.posts, 2) << "the second POST was sent again";
}

TEST_F(HttpClientTest, NeverMakesAPostWithoutABodyTwiceEither) {
  DyingServer dying;
  ask({{"url", dying.server.url("/?a")}}, {dying.server.authority()});
  const auto second = ask({{"url", dying.server.url("/?b")}}, {dying.server.authority()});
  EXPECT_EQ(second.answer.failure, PB_NO_ANSWER) << second.answer.error;
  EXPECT_EQ(dying.second_posts, 1) << "the connection was not reused, so nothing was tested";
  EXPECT_EQ(dying.posts, 2);
}

TEST_F(HttpClientTest, ASafeRequestMayBeMadeAgain) {
  RawServer server([&](RawConnection& c, int) {
    c.request();
    c.send(answer("one"));
    c.request();
  });
  EXPECT_EQ(ask({{"url", server.url()}, {"method", "GET"}}, {server.authority()}).answer.body, "one");
  EXPECT_EQ(ask({{"url", server.url()}, {"method", "GET"}}, {server.authority()}).answer.body, "one");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, ClosedWithoutAnAnswerIsNoAnswer) {
  RawServer server([](RawConnection& c, int) { c.request(); });
  const auto got = ask({{"url", server.url()}, {"body", "a"}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_NO_ANSWER);
  EXPECT_EQ(got.answer.status, 0);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ResetInTheMiddleOfTheAnswerIsNoAnswer) {
  RawServer server([](RawConnection& c, int) {
    c.request();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    c.reset();
  });
  const auto got = ask({{"url", server.url()}, {"body", "a"}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_NO_ANSWER);
  EXPECT_TRUE(got.answer.body.empty());
}

TEST_F(HttpClientTest, GarbageIsNoAnswer) {
  for (const std::string& garbage :
       {std::string("SSH-2.0-OpenSSH\r\n"), std::string("\0\0\0\0\0\0\0\0", 8), std::string("<html>")}) {
    RawServer server([&](RawConnection& c, int) {
      c.request();
      c.send(garbage);
    });
    EXPECT_EQ(ask({{"url", server.url()}, {"body", "a"}}, {server.authority()}).answer.failure, PB_NO_ANSWER)
        << garbage;
  }
}

TEST_F(HttpClientTest, ARefusedConnectionWasNeverSent) {
  std::string authority;
  {
    const RawServer server([](RawConnection&, int) {});
    authority = server.authority();
  }
  const auto got = ask({{"url", "http://" + authority + "/"}, {"body", "a"}}, {authority});
  EXPECT_EQ(got.answer.failure, PB_NOT_SENT);
  EXPECT_NE(got.answer.error.find(authority), std::string::npos) << got.answer.error;
}

TEST_F(HttpClientTest, ANameThatDoesNotExistWasNeverSent) {
  const auto got = ask({{"url", "http://no-such-host.invalid:80/"}, {"body", "a"}}, {"no-such-host.invalid:80"});
  EXPECT_EQ(got.answer.failure, PB_NOT_SENT) << got.answer.error;
}

TEST_F(HttpClientTest, TheDeadlineHoldsForAnAnswerThatDribbles) {
  RawServer server([](RawConnection& c, int) {
    c.request();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n");  // more than comes in the time
    while (c.send("x")) {
    }
  });
  const auto got = ask({{"url", server.url()}, {"body", "a"}, {"timeout_ms", 2000}, {"max_response", 268435456}},
                       {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_NO_ANSWER) << got.answer.error;
}

TEST_F(HttpClientTest, ASilentServerIsNoAnswerAfterTheDeadline) {
  RawServer server([](RawConnection& c, int) {
    c.request();
    c.waitForClose();
  });
  const auto got = ask({{"url", server.url()}, {"body", "a"}, {"timeout_ms", 2000}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_NO_ANSWER);
  EXPECT_NE(got.answer.error.find("deadline"), std::string::npos) << got.answer.error;
}

TEST_F(HttpClientTest, TooLargeAnAnswerSaysSoAndKeepsStatusAndHeaders) {
  RawServer server(always(answer(std::string(2000, 'x'), "HTTP/1.1 200 OK\r\nX-Id: 7")));
  const auto got = ask({{"url", server.url()}, {"body", "a"}, {"max_response", 1999}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_TOO_LARGE);
  EXPECT_EQ(got.answer.status, 200);
  EXPECT_EQ(got.answer.headers.at(0).value, "7");
  EXPECT_TRUE(got.answer.body.empty());
  EXPECT_EQ(ask({{"url", server.url()}, {"body", "a"}, {"max_response", 2000}}, {server.authority()}).answer.failure,
            PB_ANSWERED);
}

TEST_F(HttpClientTest, EndlessHeadersAreCutOff) {
  RawServer server([](RawConnection& c, int) {
    c.request();
    c.send("HTTP/1.1 200 OK\r\n");
    while (c.send("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  const auto got = ask({{"url", server.url()}, {"body", "a"}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_NO_ANSWER);
  EXPECT_NE(got.answer.error.find("headers"), std::string::npos) << got.answer.error;
}

TEST_F(HttpClientTest, StreamsA2xxBodyIntoTheStore) {
  const std::string bytes(300000, 'm');
  RawServer server(always(answer(bytes)));
  const auto got = ask({{"url", server.url()}, {"method", "GET"}, {"into", "blob"}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_ANSWERED) << got.answer.error;
  EXPECT_TRUE(got.answer.body.empty());
  const auto path = store_.find(got.file);
  ASSERT_TRUE(path);
  EXPECT_EQ(std::filesystem::file_size(*path), bytes.size());
}

TEST_F(HttpClientTest, AnErrorInsteadOfAFileComesAsABody) {
  RawServer server(always(answer("gone", "HTTP/1.1 404 Not Found")));
  const auto got = ask({{"url", server.url()}, {"method", "GET"}, {"into", "blob"}}, {server.authority()});
  EXPECT_FALSE(got.has_file);
  EXPECT_EQ(got.answer.body, "gone");
}

TEST_F(HttpClientTest, AFileThatIsTooLargeLeavesNothingBehind) {
  RawServer server(always(answer(std::string(5000, 'm'))));
  const auto got =
      ask({{"url", server.url()}, {"method", "GET"}, {"into", "blob"}, {"max_response", 4999}}, {server.authority()});
  EXPECT_EQ(got.answer.failure, PB_TOO_LARGE);
  EXPECT_FALSE(got.has_file);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "incoming"));
}

TEST_F(HttpClientTest, FollowsARedirectAndDropsSecretsOnAnotherServer) {
  std::string seen;
  RawServer target([&](RawConnection& c, int) {
    seen = c.request();
    c.send(answer("there"));
    c.waitForClose();
  });
  RawServer origin(always(answer("", "HTTP/1.1 302 Found\r\nLocation: " + target.url("/file"))));
  const auto got = ask({{"url", origin.url()},
                        {"method", "GET"},
                        {"follow", 2},
                        {"into", "blob"},
                        {"headers", Json::array({Json::array({"X-Plain", "1"})})},
                        {"auth", {{{"scheme", "bearer"}, {"key", "token"}}}}},
                       {origin.authority(), target.authority()});
  EXPECT_EQ(got.answer.failure, PB_ANSWERED) << got.answer.error;
  EXPECT_TRUE(got.has_file);
  client_.reset();
  EXPECT_TRUE(seen.starts_with("GET /file HTTP/1.1\r\n"));
  EXPECT_NE(seen.find("X-Plain: 1"), std::string::npos);
  EXPECT_EQ(seen.find("Authorization"), std::string::npos) << seen;
}

TEST_F(HttpClientTest, KeepsSecretsOnARedirectToTheSameServer) {
  RawServer server([&](RawConnection& c, int) {
    for (std::string request; !(request = c.request()).empty();)
      c.send(request.starts_with("GET /a ") ? answer("", "HTTP/1.1 307 Temporary Redirect\r\nLocation: b?x=1")
                                            : answer(request));
  });
  const auto got = ask({{"url", server.url("/a")},
                        {"method", "GET"},
                        {"follow", 1},
                        {"auth", {{{"scheme", "bearer"}, {"key", "token"}}}}},
                       {server.authority()});
  EXPECT_TRUE(got.answer.body.starts_with("GET /b?x=1 ")) << got.answer.error;
  EXPECT_NE(got.answer.body.find("Bearer s3cr3t-token"), std::string::npos);
}

TEST_F(HttpClientTest, DoesNotFollowWhereTheRulesForbidAndNotMoreOftenThanAsked) {
  RawServer inside([](RawConnection&, int) {});
  RawServer server(always(answer("", "HTTP/1.1 302 Found\r\nLocation: " + inside.url())));
  auto got = ask({{"url", server.url()}, {"method", "GET"}, {"follow", 2}, {"into", "blob"}}, {server.authority()});
  EXPECT_NE(got.answer.failure, PB_ANSWERED);
  EXPECT_NE(got.answer.error.find("redirect"), std::string::npos) << got.answer.error;
  EXPECT_EQ(inside.connections(), 0);

  RawServer loop([](RawConnection& c, int) {
    while (!c.request().empty() && c.send(answer("", "HTTP/1.1 302 Found\r\nLocation: /again"))) {
    }
  });
  got = ask({{"url", loop.url()}, {"method", "GET"}, {"follow", 3}}, {loop.authority()});
  EXPECT_EQ(got.answer.status, 302);
  got = ask({{"url", loop.url()}, {"method", "GET"}}, {loop.authority()});
  EXPECT_EQ(got.answer.status, 302);
}

TEST_F(HttpClientTest, RefusesANameThatResolvesToLoopback) {
  RawServer server(always(answer("secret of the house")));
  connectors::Egress wild;
  wild.config_key = "url";
  const std::string url = "https://localhost:" + std::to_string(server.port()) + "/";
  const auto egress = std::make_shared<EgressRules>(std::vector{wild}, Json{{"url", url}}, std::vector<std::string>{});
  const auto got = start({{"url", url}, {"method", "GET"}}, egress).get();
  EXPECT_EQ(got.answer.failure, PB_NOT_SENT);
  EXPECT_NE(got.answer.error.find("loopback"), std::string::npos) << got.answer.error;
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, AConnectionThatAnotherChannelMayUseIsNotReusedByOneThatMayNot) {
  // Plain http is refused before; so the rule is asked here for the address alone, with a rule set that allows the
  // scheme.
  RawServer server(always(answer("inside")));
  const std::string name = "localhost:" + std::to_string(server.port());
  const auto got = ask({{"url", "http://" + name + "/"}, {"method", "GET"}}, {name});
  ASSERT_EQ(got.answer.body, "inside") << got.answer.error;

  PreparedRequest request;
  request.method = "GET";
  request.unsafe = false;
  request.url = *parseUrl("http://" + name + "/");
  request.egress =
      std::make_shared<EgressRules>(std::vector<connectors::Egress>{}, Json::object(), std::vector<std::string>{});
  std::promise<connectors::Answer> promise;
  client().send(std::move(request),
                [&](connectors::Answer a, std::unique_ptr<media::Writer>) { promise.set_value(std::move(a)); });
  const auto refused = promise.get_future().get();
  EXPECT_EQ(refused.failure, PB_NOT_SENT);
  EXPECT_NE(refused.error.find("loopback"), std::string::npos) << refused.error;
}

TEST_F(HttpClientTest, ABodyOfManyMegabytesArrivesWhole) {
  std::string bytes(8U << 20U, 'z');
  blobs_[1] = Blob::ofBytes(bytes);
  std::atomic<std::size_t> received{0};
  RawServer server([&](RawConnection& c, int) {
    received = c.request().size();
    c.send(answer("ok"));
    c.waitForClose();
  });
  const auto got = ask({{"url", server.url()}, {"body", {{"$blob", 1}}}}, {server.authority()});
  EXPECT_EQ(got.answer.body, "ok") << got.answer.error;
  EXPECT_GT(received, bytes.size());
}

TEST_F(HttpClientTest, KeepsManyRequestsInFlightAtOnce) {
  constexpr int kCount = 200;
  std::mutex mutex;
  std::condition_variable all;
  int waiting = 0;
  RawServer server([&](RawConnection& c, int) {
    c.request();
    std::unique_lock lock(mutex);
    ++waiting;
    all.notify_all();
    // Nobody is answered before everybody has asked.
    if (!all.wait_for(lock, std::chrono::seconds{50}, [&] { return waiting == kCount; })) return;
    lock.unlock();
    c.send(answer("ok"));
    c.waitForClose();
  });
  std::vector<std::future<Got>> futures;
  for (int i = 0; i < kCount; ++i)
    futures.push_back(
        start({{"url", server.url()}, {"body", "a"}, {"timeout_ms", 60000}}, rules({server.authority()})));
  for (auto& future : futures) EXPECT_EQ(future.get().answer.body, "ok");
}

TEST_F(HttpClientTest, RefusesMoreThanItsLimit) {
  options_.max_in_flight = 1;
  RawServer server([](RawConnection& c, int) {
    c.request();
    c.waitForClose();
  });
  auto first = start({{"url", server.url()}, {"body", "a"}}, rules({server.authority()}));
  const auto second = ask({{"url", server.url()}, {"body", "a"}}, {server.authority()});
  EXPECT_EQ(second.answer.failure, PB_NOT_SENT);
  EXPECT_NE(second.answer.error.find("too many"), std::string::npos);
  client_.reset();
  EXPECT_NE(first.get().answer.failure, PB_ANSWERED);
}

TEST_F(HttpClientTest, AStopTellsTheTruthAboutWhatIsUnderWay) {
  std::promise<void> received;
  RawServer server([&](RawConnection& c, int) {
    c.request();
    received.set_value();
    c.waitForClose();
  });
  auto future = start({{"url", server.url()}, {"body", "a"}}, rules({server.authority()}));
  received.get_future().wait();
  client_.reset();
  EXPECT_EQ(future.get().answer.failure, PB_NO_ANSWER);
}

}  // namespace
}  // namespace patchbay::delivery
