// What happens to every answer on its way out, and what every path says to HEAD, OPTIONS and other methods.
#include "api/outgoing.hpp"

#include "api/encoding.hpp"
#include "unit/api/api_fixture.hpp"

namespace patchbay::api {
namespace {

constexpr const char* kList = "/api/v1/communications/conversations";

class OutgoingTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    endpoints_["listConversations"].run = [this](Call, Answer answer) { answer(list_); };
  }
  http::Response list(const std::string& accept, const std::string& method = "GET") {
    auto asked = request(method, kList);
    if (!accept.empty()) asked.headers.push_back({"Accept-Encoding", accept});
    return send(std::move(asked));
  }
  static std::string field(const http::Response& response, const char* name) {
    return std::string(http::find(response.headers, name));
  }
  http::Response list_{200, {{"Content-Type", "application/json"}}, "[" + std::string(20'000, ' ') + "]"};
};

TEST(AcceptsGzip, FollowsTheQualitiesOfTheClient) {
  const auto accepts = [](const char* value) { return acceptsGzip({{"Accept-Encoding", value}}); };
  for (const char* yes : {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=0.5", "*", "br;q=1.0, *;q=0.1", "gzip;q=1.000",
                          "identity;q=0.5, gzip", "identity;q=0, gzip;q=0.001", "gzip ; q=0.8", "deflate;q=x, gzip"})
    EXPECT_TRUE(accepts(yes)) << yes;
  for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0.0", "*;q=0", "gzip;q=0, *", "br", "gzip;q=2",
                         "gzip;q=-1", "gzip;q=", "gzip;level=9", "gzip;q=0.5, identity", "gzippy", "gzip;q=0.0001"})
    EXPECT_FALSE(accepts(no)) << no;
  EXPECT_FALSE(acceptsGzip({}));
  EXPECT_TRUE(acceptsGzip({{"Accept-Encoding", "br"}, {"accept-encoding", "gzip"}}));
}

TEST_F(OutgoingTest, LargeJsonIsPackedForThoseWhoTakeIt) {
  const auto packed = list("gzip");
  EXPECT_EQ(field(packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(field(packed, "Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), 1000U);
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(packed.body, *gzip(list_.body, 1));
  const auto plain = list("");
  EXPECT_EQ(field(plain, "Content-Encoding"), "");
  EXPECT_EQ(field(plain, "Vary"), "Accept-Encoding") << "a cache must know";
  EXPECT_EQ(plain.body, list_.body);
  EXPECT_EQ(list("gzip;q=0").body, list_.body);
}

TEST_F(OutgoingTest, WhatIsSmallTaggedPackedAlreadyOrNoJsonStaysAsItIs) {
  const auto large = list_;
  for (const auto& answer : {
           http::Response{200, large.headers, "[]"},
           http::Response{200, {large.headers[0], {"ETag", "\"7\""}}, large.body},
           http::Response{200, {large.headers[0], {"Content-Encoding", "br"}}, large.body},
           http::Response{200, {{"Content-Type", "image/png"}}, large.body},
           http::Response{404, large.headers, large.body},
       }) {
    list_ = answer;
    EXPECT_EQ(list("gzip").body, answer.body);
  }
}

TEST_F(OutgoingTest, AnswersToPostAreNeverPacked) {
  endpoints_["createConversation"].run = [this](Call, Answer answer) { answer(list_); };
  auto post = request("POST", kList, R"({"external_id":"1","channel":"sms","contact_identifier":"+1"})");
  post.headers.push_back({"Accept-Encoding", "gzip"});
  const auto response = send(std::move(post));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, list_.body);
}

TEST_F(OutgoingTest, A304HasNoBodyAndKeepsItsTag) {
  list_.headers.push_back({"ETag", "\"7\""});
  for (const auto& [tags, status] :
       {std::pair{"\"7\"", 304}, {"W/\"7\"", 304}, {"\"1\", \"7\"", 304}, {"*", 304}, {"\"8\"", 200}, {"7", 200}}) {
    for (const char* method : {"GET", "HEAD"}) {
      auto asked = request(method, kList);
      asked.headers.push_back({"If-None-Match", tags});
      const auto response = send(std::move(asked));
      EXPECT_EQ(response.status, status) << tags << " " << method;
      EXPECT_EQ(response.body.empty(), status == 304);
      EXPECT_EQ(field(response, "ETag"), "\"7\"");
    }
  }
}

TEST_F(OutgoingTest, TheLogLearnsRouteAndTenantNeverThePath) {
  EXPECT_EQ(send("GET", "/api/v1/communications/conversations/7").route, "/api/v1/communications/conversations/{id}");
  EXPECT_EQ(send("GET", "/api/v1/communications/conversations/7").tenant, "acme");
  const auto refused = send("GET", "/api/v1/communications/conversations/7", {}, "");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.route, "/api/v1/communications/conversations/{id}");
  EXPECT_EQ(send("POST", "/api/v1/webhooks/acme/support", "{}", "").tenant, "acme");
  EXPECT_EQ(send("GET", "/nothing/here").route, "");
}

TEST_F(OutgoingTest, EveryPathAnswersOptionsHeadAndRefusesOtherMethodsWithAllow) {
  for (const auto& operation : contract_.operations()) {
    if (!operation.on_public) continue;
    std::string path = operation.mounts.front() + operation.path;
    for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
      path.replace(open, path.find('}') - open + 1, "acme");
    const auto options = send("OPTIONS", path, {}, "");
    EXPECT_EQ(options.status, 204) << path;
    EXPECT_NE(field(options, "Allow").find(operation.method), std::string::npos) << path;
    const auto unknown = send("BREW", path, {}, "");
    EXPECT_EQ(unknown.status, 405) << path;
    EXPECT_EQ(field(unknown, "Allow"), field(options, "Allow")) << path;
    if (operation.method != "GET") continue;
    EXPECT_NE(field(options, "Allow").find("HEAD"), std::string::npos) << path;
    EXPECT_NE(send("HEAD", path).status, 405) << path;
  }
}

TEST_F(OutgoingTest, WorkersCountWhatTheyDoAndWhatTheyCannotTake) {
  WorkerPool pool(1, 1);
  std::promise<void> started, finish;
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    finish.get_future().wait();
  }));
  started.get_future().wait();
  ASSERT_TRUE(pool.submit([] { EXPECT_TRUE(WorkerPool::onWorker()); }));
  EXPECT_FALSE(pool.submit([] {}));
  auto stats = pool.stats();
  EXPECT_EQ(stats.threads, 1U);
  EXPECT_EQ(stats.running, 1U);
  EXPECT_EQ(stats.queued, 1U);
  EXPECT_EQ(stats.max_queued, 1U);
  EXPECT_EQ(stats.rejected, 1U);
  finish.set_value();
  while (pool.stats().done < 2) std::this_thread::yield();
  EXPECT_EQ(pool.stats().running, 0U);
  EXPECT_FALSE(WorkerPool::onWorker());
}

}  // namespace
}  // namespace patchbay::api
