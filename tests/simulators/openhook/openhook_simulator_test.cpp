#include "simulators/openhook/openhook_simulator.hpp"

#include <gtest/gtest.h>

#include <mutex>

#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"

namespace patchbay::simulators::openhook {
namespace {

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST(OpenHookPeer, SignsTheReferenceVector) {
  EXPECT_EQ(signatureOf(kSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_THROW(signatureOf("whsec_!", "a", "1", ""), BadInput);
}

class OpenHookPeerTest : public testing::Test {
 protected:
  HttpAnswer post(const std::string& id, const std::string& body, std::int64_t skew = 0,
                  const std::string& secret = kSecret) {
    const auto time = std::to_string(std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count() + skew);
    return client_.post(
        peer_.hookUrl(),
        {{"webhook-id", id}, {"webhook-timestamp", time}, {"webhook-signature", signatureOf(secret, id, time, body)}},
        body);
  }
  HttpClient client_{std::chrono::seconds(30)};
  OpenHookSimulator peer_{Options{}};
};

TEST_F(OpenHookPeerTest, TakesWhatIsWellSignedAndCountsRepeats) {
  EXPECT_EQ(post("a", "{}").status, 200);
  EXPECT_EQ(post("a", "{}").status, 200);
  EXPECT_EQ(post("b", "{}", 0, "whsec_AAAA").status, 401);
  EXPECT_EQ(post("c", "{}", -301).status, 401);
  ASSERT_EQ(peer_.sent().size(), 1U);
  EXPECT_EQ(peer_.sent().at(0).at("count"), 2);
}

TEST_F(OpenHookPeerTest, FailsOnOrder) {
  peer_.failNext(Failure::fromText("what=503,retry_after=3"));
  const auto answer = post("a", "{}");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "3");
  EXPECT_EQ(peer_.sent().size(), 0U);
}

TEST_F(OpenHookPeerTest, PostsSignedEvents) {
  std::mutex mutex;
  std::vector<HttpRequest> seen;
  HttpServer host(
      "127.0.0.1", 0,
      [&](HttpRequest& request) {
        const std::lock_guard lock(mutex);
        seen.push_back(request);
        return HttpReply{};
      },
      nullptr);
  host.start();
  peer_.setCallback(host.url() + "/hook");
  EXPECT_EQ(peer_.playDemoCustomers().at("ok"), true);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].header("webhook-signature"),
            signatureOf(kSecret, seen[0].header("webhook-id"), seen[0].header("webhook-timestamp"), seen[0].body));
}

}  // namespace
}  // namespace patchbay::simulators::openhook
