/// Messages whose last status stays away: the provider is asked.
#include <gtest/gtest.h>

#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using testing_support::answer;

class StatusAskTest : public DeliveryTest {
 protected:
  void SetUp() override {
    DeliveryTest::SetUp();
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "support";
    settings.connector = "twilio";
    settings.egress_allow = {provider_.authority()};
    settings.webhook_url = "https://hooks.example.org/api/v1/webhooks/acme/support";
    settings.config = {{"account_sid", "AC00112233445566778899aabbccddeeff"},
                       {"auth_token", "test-auth-token"},
                       {"from", "+15550002222"},
                       {"base_url", provider_.url()}};
    auto twilio = factory_.create(std::move(settings));
    ASSERT_TRUE(twilio.ok()) << twilio.error().message;
    channel_ = *twilio;
    on_events_ = [this](const auto& channel, auto events, auto stored) {
      if (!ingest_.submit(channel, std::move(events), stored)) stored(false);
    };
    provider_.next(says("queued"));
    start();
    message_ = send("+15550100", "Hello");
    ASSERT_TRUE(statusBecomes(message_, "sent"));
    ASSERT_TRUE(queueBecomesEmpty());
  }
  /// The dispatcher's threads use what is declared here.
  void TearDown() override { dispatcher_.reset(); }

  static Script says(const std::string& status, const std::string& code = "null") {
    return [=](const std::string& request) {
      return std::optional(answer(R"({"sid":")" + std::string(kSid) + R"(","to":"+15550100","status":")" + status +
                                      R"(","error_code":)" + code + "}",
                                  request.starts_with("POST") ? "HTTP/1.1 201 Created" : "HTTP/1.1 200 OK"));
    };
  }
  std::size_t asked() { return countContaining(provider_.requests(), "GET /2010-04-01/Accounts/AC0011"); }
  void timeComes() { query("UPDATE patchbay.due SET run_at = now() RETURNING 1"); }
  ::testing::AssertionResult comesAgainIn(const std::string& from, const std::string& to) {
    return becomes(
        "SELECT count(*) FROM patchbay.due WHERE kind = 'status' AND lease_token IS NULL AND run_at BETWEEN "
        "now() + interval '" +
            from + "' AND now() + interval '" + to + "'",
        "1");
  }
  ::testing::AssertionResult isOver() { return becomes("SELECT count(*) FROM patchbay.due", "0"); }

  static constexpr const char* kSid = "SM0123456789abcdef0123456789abcdef";
  inbox::Ingest ingest_{lanes_};
  std::int64_t message_ = 0;
};

TEST_F(StatusAskTest, AMessageThatOnlySaysSentIsAskedForAfterTwelveHours) {
  EXPECT_TRUE(comesAgainIn("11 hours 50 minutes", "12 hours"));
  EXPECT_EQ(asked(), 0U);
  provider_.next(says("delivered"));
  timeComes();
  EXPECT_TRUE(statusBecomes(message_, "delivered"));
  EXPECT_TRUE(isOver());
  EXPECT_EQ(asked(), 1U);
}

TEST_F(StatusAskTest, AFailureIsToldWithItsCode) {
  provider_.next(says("undelivered", "30003"));
  timeComes();
  EXPECT_TRUE(statusBecomes(message_, "failed"));
  EXPECT_EQ(field(message_, "error ->> 'code'"), "30003");
  EXPECT_TRUE(isOver());
}

TEST_F(StatusAskTest, NobodyIsAskedWhatAWebhookHasToldAlready) {
  ASSERT_TRUE(statusArrives(message_, kSid, "delivered"));
  timeComes();
  EXPECT_TRUE(isOver());
  EXPECT_EQ(asked(), 0U);
}

TEST_F(StatusAskTest, WhatIsNotFinalYetIsAskedForDailyAndNotForEver) {
  provider_.next(says("sent"));
  timeComes();
  EXPECT_TRUE(comesAgainIn("23 hours 50 minutes", "24 hours"));
  query(R"(UPDATE patchbay.due SET payload = payload || '{"until": "2020-01-01T00:00:00Z"}' RETURNING 1)");
  provider_.next(says("sent"));
  timeComes();
  EXPECT_TRUE(isOver());
  EXPECT_EQ(asked(), 2U);
  EXPECT_EQ(field(message_, "status"), "sent");
}

TEST_F(StatusAskTest, TroubleAtTheProviderIsWaitedFor) {
  provider_.next([](const std::string&) { return std::optional(Provider::refused(503, "<html/>")); });
  timeComes();
  EXPECT_TRUE(comesAgainIn("50 minutes", "1 hour"));
}

TEST_F(StatusAskTest, AMessageThatTheProviderForgotIsLeftAsItIs) {
  provider_.next([](const std::string&) { return std::optional(Provider::refused(404, R"({"code":20404})")); });
  timeComes();
  EXPECT_TRUE(isOver());
  EXPECT_EQ(field(message_, "status"), "sent");
  EXPECT_EQ(asked(), 1U);
}

}  // namespace
}  // namespace patchbay::testing
