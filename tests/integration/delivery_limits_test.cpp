// What keeps one provider, channel or tenant from holding up the others, and a message from waiting for ever.
#include <gtest/gtest.h>

#include <latch>

#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using namespace std::chrono_literals;
using connectors::UnknownPolicy;

const Script kDown = [](const std::string&) { return std::optional(Provider::refused(503, "{}")); };

class DeliveryLimitsTest : public DeliveryTest {
 protected:
  void addTenant(const std::string& slug) {
    ASSERT_TRUE(tenants_.initialize(slug, slug).ok());
    more_channels_.push_back(makeChannel(slug, "support", provider_));
  }
  std::string count(const std::string& tenant, const std::string& where) {
    return database_.query("SELECT count(*) FROM tenant_" + tenant + ".inbox_messages WHERE " + where);
  }
};

TEST_F(DeliveryLimitsTest, ATenantsMessageDoesNotWaitForAnothersBacklog) {
  addTenant("globex");
  backlog("globex", "support", 3000);
  // Most of the backlog stays until the test has looked at it, however slow the test is.
  const auto looked = std::make_shared<std::latch>(1);
  const auto came = std::make_shared<std::atomic<int>>(0);
  provider_.otherwise([looked, came](const std::string& request) {
    if (request.find("urgent") == std::string::npos && ++*came > 1000) looked->wait();
    return std::optional(Provider::accepted());
  });
  auto few = options();
  few.max_sends = 16;
  dispatcher_ = makeDispatcher(few);
  EXPECT_TRUE(provider_.waitForRequests(100));
  const auto id = send("+15550100", "urgent");
  const auto before = provider_.requests().size();  // only now: what went while it was written did not pass it by
  EXPECT_TRUE(statusBecomes(id, "sent"));
  const auto requests = provider_.requests();
  const auto urgent = std::find_if(requests.begin(), requests.end(),
                                   [](const auto& request) { return request.find("urgent") != std::string::npos; });
  EXPECT_LT(urgent - requests.begin() - static_cast<std::ptrdiff_t>(before), 300) << "of 3000";
  EXPECT_NE(count("globex", "status = 'pending'"), "0") << "the backlog is still there";
  looked->count_down();
}

TEST_F(DeliveryLimitsTest, AProviderThatHangsHoldsUpOnlyItsOwnChannel) {
  Provider hanging;
  std::latch released(1);
  hanging.otherwise([&](const std::string&) {
    released.wait();
    return std::optional(Provider::accepted());
  });
  more_channels_.push_back(makeChannel("acme", "slow", hanging));
  backlog("acme", "slow", 50);
  auto few = options();
  few.max_sends = 4;
  dispatcher_ = makeDispatcher(few);
  ASSERT_TRUE(hanging.waitForRequests(2));
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(hanging.requests().size(), 2U) << "half of the places";
  const auto stats = dispatcher_->stats();
  EXPECT_TRUE(stats.known);
  EXPECT_GE(stats.sends_in_flight, 2U);
  EXPECT_EQ(stats.attempts.at("sent"), 1U);
  released.count_down();
  EXPECT_TRUE(becomes("SELECT count(*) FROM {tenant}.inbox_messages WHERE status = 'pending'", "0"));
}

TEST_F(DeliveryLimitsTest, WhoWaitsForAProviderThatIsDownLosesNoAttempt) {
  provider_.otherwise(kDown);
  backlog("acme", "support", 40);
  auto quick = options();
  quick.max_sends = 4;
  quick.retry.max_attempts = 3;
  quick.breaker = {.failures = 4, .open = 500ms, .longest = 4s};  // few probes, however long this test takes
  dispatcher_ = makeDispatcher(quick);
  ASSERT_TRUE(provider_.waitForRequests(7));
  const auto stats = dispatcher_->stats();
  ASSERT_EQ(stats.servers, std::vector<std::string>{provider_.url()});
  ASSERT_EQ(stats.channels.size(), 1U);
  EXPECT_TRUE(stats.channels[0].open);
  // It is down for as long as 40 messages would need to fail for good, were they all tried.
  const auto seen = provider_.requests().size();
  std::this_thread::sleep_for(1s);
  const auto after = provider_.requests().size();
  EXPECT_LE(after - seen, 12U) << "only probes";
  provider_.otherwise([](const std::string&) { return std::optional(Provider::accepted()); });
  EXPECT_TRUE(becomes("SELECT count(*) FROM {tenant}.inbox_messages WHERE status = 'pending'", "0"));
  EXPECT_GE(std::stoi(count("acme", "status = 'sent' AND attempts = 1")), 28);
  EXPECT_TRUE(dispatcher_->stats().servers.empty());
}

TEST_F(DeliveryLimitsTest, ANoOfTheProviderOpensNothing) {
  provider_.otherwise([](const std::string&) { return std::optional(Provider::refused(400, "{}")); });
  backlog("acme", "support", 20);
  auto strict = options();
  strict.breaker = {.failures = 2, .open = 1h, .longest = 1h};
  dispatcher_ = makeDispatcher(strict);
  EXPECT_TRUE(becomes("SELECT count(*) FROM {tenant}.inbox_messages WHERE status = 'failed'", "20"));
  EXPECT_EQ(dispatcher_->stats().failed, 20U);
}

TEST_F(DeliveryLimitsTest, APaceAfterASendHoldsUpItsRecipientAndNobodyElse) {
  auto made = factory_.create(telegramSettings("support", provider_));
  ASSERT_TRUE(made.ok()) << made.error().message;
  channel_ = *made;
  provider_.otherwise([](const std::string& request) {
    const auto chat = request.substr(request.find("\"chat_id\":") + 10, 1);
    return std::optional(
        testing_support::answer(R"({"ok":true,"result":{"message_id":1,"chat":{"id":)" + chat + "}}}"));
  });
  const auto to = [](const std::string& chat) { return Json{{"to", {{"kind", "telegram"}, {"address", chat}}}}; };
  std::vector<std::int64_t> first;
  for (const char* chat : {"1", "2", "3", "4"}) first.push_back(send(chat, "Hello", to(chat)));
  const auto second = send("1", "and more", to("1"));
  const auto began = now();
  start();
  for (const auto id : first) ASSERT_TRUE(statusBecomes(id, "sent"));
  EXPECT_TRUE(dispatcher_->stats().channels.empty()) << "the channel is not paused";
  ASSERT_TRUE(statusBecomes(second, "sent"));
  EXPECT_GE(now() - began, 1s) << "the second message to one person waits";
}

TEST_F(DeliveryLimitsTest, AChannelThatIsConfiguredAnewIsNotPausedForItsOldCredentials) {
  provider_.next([](const std::string&) {
    return std::optional(Provider::refused(401, R"({"error":{"code":190,"message":"token expired"}})"));
  });
  auto long_pause = options();
  long_pause.retry.channel_pause = long_pause.retry.longest_channel_pause = 1h;
  dispatcher_ = makeDispatcher(long_pause);
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(becomes("SELECT last_error ->> 'class' FROM {tenant}.pb_outbox", "auth"));
  const auto stats = dispatcher_->stats();
  ASSERT_EQ(stats.channels.size(), 1U);
  EXPECT_TRUE(stats.channels[0].paused_until.has_value());
  EXPECT_EQ(stats.channels[0].refusals, 1);
  query("UPDATE {tenant}.pb_outbox SET retry_at = now() RETURNING 1");
  database_.query("UPDATE patchbay.send_queue SET available_at = now() RETURNING 1");
  {
    const std::lock_guard lock(channel_mutex_);
    channel_ = makeChannel("acme", "support", provider_, UnknownPolicy::kHold, "test-new-token");
  }
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_TRUE(dispatcher_->stats().channels.empty());
}

TEST_F(DeliveryLimitsTest, WhatCouldNotBeSentInItsTimeFailsAsExpired) {
  provider_.otherwise(kDown);
  auto patient = options();
  patient.retry.first = 1h;
  dispatcher_ = makeDispatcher(patient);
  const auto id = send("+15550100", "Hello");
  // Its time is over when it has been tried, and not before.
  ASSERT_TRUE(becomes("SELECT last_error ->> 'class' FROM {tenant}.pb_outbox", "transient"));
  query("UPDATE {tenant}.pb_outbox SET expires_at = now() RETURNING 1");
  timeComesFor(id);
  EXPECT_TRUE(statusBecomes(id, "failed"));
  EXPECT_EQ(field(id, "error ->> 'class'"), "expired");
  EXPECT_NE(field(id, "error ->> 'text'").find("last: transient"), std::string::npos);
  EXPECT_TRUE(queueBecomesEmpty());
  EXPECT_EQ(query("SELECT state FROM {tenant}.pb_outbox"), "failed");
  EXPECT_EQ(dispatcher_->stats().expired, 1U);
}

TEST_F(DeliveryLimitsTest, ExpiresAlsoWhenItsChannelIsGoneAndLeavesTheOthersOfItsRecipient) {
  const auto old = send("+15550100", "old");
  query("UPDATE {tenant}.pb_outbox SET expires_at = now() - interval '1 s' RETURNING 1");
  const auto young = send("+15550100", "young");
  database_.query("UPDATE patchbay.send_queue SET expires_at = now() - interval '1 s' RETURNING 1");
  {
    const std::lock_guard lock(channel_mutex_);
    channel_ = nullptr;
  }
  auto eager = options();
  eager.expiry = 50ms;
  dispatcher_ = makeDispatcher(eager);
  EXPECT_TRUE(statusBecomes(old, "failed"));
  EXPECT_EQ(field(old, "error ->> 'class'"), "expired");
  EXPECT_EQ(field(young, "status"), "pending");
  EXPECT_EQ(database_.query("SELECT pending || ' ' || (expires_at > now()) FROM patchbay.send_queue"), "1 true");
  EXPECT_TRUE(becomes("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.failed'", "1"));
  EXPECT_TRUE(comesTrue([&] { return dispatcher_->stats().expired == 1; })) << "counted after COMMIT";
  {
    const std::lock_guard lock(channel_mutex_);
    channel_ = makeChannel(UnknownPolicy::kHold);
  }
  EXPECT_TRUE(statusBecomes(young, "sent"));
}

TEST_F(DeliveryLimitsTest, TheSweepTouchesNothingThatSomebodyHasLeased) {
  std::latch released(1);
  provider_.next([&](const std::string&) {
    released.wait();
    return std::optional(Provider::accepted());
  });
  auto eager = options();
  eager.expiry = 20ms;
  dispatcher_ = makeDispatcher(eager);
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(provider_.waitForRequests(1));
  query("UPDATE {tenant}.pb_outbox SET expires_at = now() - interval '1 s' RETURNING 1");
  database_.query("UPDATE patchbay.send_queue SET expires_at = now() - interval '1 s' RETURNING 1");
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(field(id, "status"), "pending");
  released.count_down();
  EXPECT_TRUE(statusBecomes(id, "sent"));
}

TEST_F(DeliveryLimitsTest, TheUnknownPolicyHoldsAcrossARestart) {
  channel_ = makeChannel(UnknownPolicy::kResend);
  provider_.next([](const std::string&) { return std::optional<std::string>(); });
  auto holding = options();
  holding.retry.hold = 1h;
  dispatcher_ = makeDispatcher(holding);
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "unknown"));
  dispatcher_.reset();
  timeComesFor(id);
  start();
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(field(id, "possible_duplicate"), "t");
  EXPECT_EQ(provider_.requests().size(), 2U);
}

TEST_F(DeliveryLimitsTest, NothingUnknownIsSentAgainAfterItsTimeToLive) {
  channel_ = makeChannel(UnknownPolicy::kResend);
  provider_.next([](const std::string&) { return std::optional<std::string>(); });
  auto holding = options();
  holding.retry.hold = 1h;
  dispatcher_ = makeDispatcher(holding);
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "unknown"));
  query("UPDATE {tenant}.pb_outbox SET expires_at = now() RETURNING 1");
  timeComesFor(id);
  EXPECT_TRUE(statusBecomes(id, "failed"));
  EXPECT_EQ(field(id, "error ->> 'class'"), "unknown");
  EXPECT_EQ(provider_.requests().size(), 1U);
}

}  // namespace
}  // namespace patchbay::testing
