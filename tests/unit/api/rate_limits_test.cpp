#include "api/rate_limits.hpp"

#include "unit/api/api_fixture.hpp"

namespace patchbay::api {
namespace {

using namespace std::chrono_literals;

RateBudgets budgets(RateBudget read) {
  RateBudgets all;
  all[0] = read;
  return all;
}

TEST(RateLimits, GiveABudgetAtOnceAndThenAsItFills) {
  RateLimits limits(budgets({3, 60s}));
  const auto start = RateLimits::Clock::now();
  for (const std::uint32_t left : {2U, 1U, 0U}) {
    const auto state = limits.take(RateClass::kRead, "acme ada", start);
    ASSERT_TRUE(state);
    EXPECT_TRUE(state->allowed);
    EXPECT_EQ(state->remaining, left);
  }
  const auto over = limits.take(RateClass::kRead, "acme ada", start);
  EXPECT_FALSE(over->allowed);
  EXPECT_EQ(over->reset, 20s) << "a third of a minute for one of three";
  EXPECT_FALSE(limits.take(RateClass::kRead, "acme ada", start + 19s)->allowed);
  EXPECT_TRUE(limits.take(RateClass::kRead, "acme ada", start + 20s)->allowed);
  EXPECT_FALSE(limits.take(RateClass::kRead, "acme ada", start + 21s)->allowed);
  EXPECT_EQ(limits.take(RateClass::kRead, "acme ada", start + 1h)->remaining, 2U) << "never more than the budget";
}

TEST(RateLimits, AreApartForEachCallerAndClassAndAbsentWhereNotConfigured) {
  auto all = budgets({1, 60s});
  all[1] = {1, 60s};
  RateLimits limits(all);
  const auto now = RateLimits::Clock::now();
  EXPECT_TRUE(limits.take(RateClass::kRead, "ada", now)->allowed);
  EXPECT_FALSE(limits.take(RateClass::kRead, "ada", now)->allowed);
  EXPECT_TRUE(limits.take(RateClass::kRead, "bob", now)->allowed);
  EXPECT_TRUE(limits.take(RateClass::kWrite, "ada", now)->allowed);
  EXPECT_FALSE(limits.take(RateClass::kWebhook, "ada", now));
}

TEST(RateLimits, RememberSoManyCallersAndNoMore) {
  RateLimits limits(budgets({1, 1h}));
  const auto now = RateLimits::Clock::now();
  for (int i = 0; i < 70'000; ++i)
    EXPECT_TRUE(limits.take(RateClass::kRead, "caller " + std::to_string(i), now)->allowed);
  EXPECT_GT(limits.callers(), 60'000U);
  EXPECT_LE(limits.callers(), 64'000U);
}

class RateLimitedApi : public ApiTest {
 protected:
  RateLimitedApi() : ApiTest({.threads = 2, .max_queued = 16, .rates = rates()}) {}
  static RateBudgets rates() {
    RateBudgets all;
    all[static_cast<std::size_t>(RateClass::kRead)] = {2, 60s};
    all[static_cast<std::size_t>(RateClass::kWebhook)] = {1, 60s};
    all[static_cast<std::size_t>(RateClass::kPublic)] = {1, 60s};
    return all;
  }
  static std::string field(const http::Response& response, const char* name) {
    return std::string(http::find(response.headers, name));
  }
};

constexpr const char* kLimitedList = "/api/v1/communications/conversations";

TEST_F(RateLimitedApi, SaysWhatIsLeftAndRefusesWhatIsTooMuch) {
  const auto first = send("GET", kLimitedList);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(field(first, "RateLimit-Policy"), "\"read\";q=2;w=60");
  EXPECT_EQ(field(first, "RateLimit").substr(0, 11), "\"read\";r=1;");
  EXPECT_EQ(send("GET", kLimitedList).status, 200);
  const auto over = send("GET", kLimitedList);
  EXPECT_EQ(codeOf(over), "429 rate_limited");
  EXPECT_EQ(field(over, "RateLimit").substr(0, 11), "\"read\";r=0;");
  const int pause = std::stoi(field(over, "Retry-After"));
  EXPECT_LE(pause, 30);
  EXPECT_GT(pause, 15) << "less only by the time that this test has taken";
  EXPECT_EQ(calls_, 2);
  const auto other = bearer({{"sub", "7f1c7e7a-3a0f-4c55-9f0e-2a3b4c5d6e7f"}});
  EXPECT_EQ(send("GET", kLimitedList, {}, other).status, 200) << "somebody else";
  EXPECT_EQ(field(send("POST", kLimitedList, R"({"channel":"sms","contact_identifier":"+1"})"), "RateLimit"), "")
      << "no budget for writing";
}

TEST_F(RateLimitedApi, CountsProvidersByWebhookAndStrangersByAddress) {
  const auto webhook = [&](const char* path) { return send("POST", path, "{}", "").status; };
  EXPECT_EQ(webhook("/api/v1/webhooks/acme/support"), 200);
  EXPECT_EQ(webhook("/api/v1/webhooks/acme/support"), 429);
  EXPECT_EQ(webhook("/api/v1/webhooks/acme/sales"), 200);
  const auto info = [&](const char* peer) {
    auto asked = request("GET", "/api/v1/info", {}, "");
    asked.peer = peer;
    return send(std::move(asked)).status;
  };
  EXPECT_EQ(info("192.0.2.1"), 200);
  EXPECT_EQ(info("192.0.2.1"), 429);
  EXPECT_EQ(info("192.0.2.2"), 200);
}

TEST_F(RateLimitedApi, HealthProbesAndTheInternalListenerHaveNoLimit) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send("GET", "/health", {}, "").status, 200);
  for (int i = 0; i < 5; ++i) {
    auto asked = request("GET", "/health", {}, "");
    asked.listener = http::Listener::kInternal;
    EXPECT_EQ(send(std::move(asked)).status, 200);
  }
}

}  // namespace
}  // namespace patchbay::api
