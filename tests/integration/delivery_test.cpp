#include <gtest/gtest.h>

#include <latch>
#include <map>

#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using namespace std::chrono_literals;
using connectors::UnknownPolicy;
using testing_support::answer;

TEST_F(DeliveryTest, SendsAMessageAndKeepsWhatTheProviderCalledIt) {
  start();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_TRUE(queueBecomesEmpty());
  const auto requests = provider_.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_NE(requests[0].find("Authorization: Bearer test-access-token\r\n"), std::string::npos);
  EXPECT_NE(requests[0].find("Hello"), std::string::npos);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_message_parts"), "1");
  EXPECT_EQ(query("SELECT phase || ' ' || http_status || ' ' || attempt FROM {tenant}.pb_attempts WHERE finished_at IS "
                  "NOT NULL"),
            "answered 200 1");
}

TEST_F(DeliveryTest, TheAttemptIsOnRecordBeforeTheFirstByteLeaves) {
  std::string state, open;
  provider_.next([&](const std::string&) {
    state = query("SELECT state FROM {tenant}.pb_outbox");
    open = query("SELECT count(*) FROM {tenant}.pb_attempts WHERE finished_at IS NULL");
    return std::optional(Provider::accepted());
  });
  start();
  EXPECT_TRUE(statusBecomes(send("+15550100", "Hello"), "sent"));
  dispatcher_.reset();
  EXPECT_EQ(state, "started");
  EXPECT_EQ(open, "1");
}

TEST_F(DeliveryTest, NothingLeavesWhileTheAttemptCannotBeCommitted) {
  const auto id = send("+15550100", "Hello");
  db::Connection holder({.url = database_.url()});
  holder.script("BEGIN");
  holder.script("SELECT FROM tenant_acme.pb_stream FOR UPDATE");  // what every lane needs first
  start();
  ASSERT_TRUE(becomes(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      "t"));
  for (int i = 0; i < 50; ++i) query("SELECT 1");  // time enough for a request on loopback, many times over
  EXPECT_TRUE(provider_.requests().empty());
  holder.rollback();
  EXPECT_TRUE(statusBecomes(id, "sent"));
}

TEST_F(DeliveryTest, OneRecipientsMessagesKeepTheirOrderAndDoNotHoldUpOthers) {
  std::latch other_came(1);
  provider_.otherwise([&](const std::string& request) {
    if (request.find("+15550100") != std::string::npos && request.find("first") != std::string::npos) other_came.wait();
    if (request.find("+15550200") != std::string::npos) other_came.count_down();
    return std::optional(Provider::accepted());
  });
  for (const char* text : {"first", "second", "third"}) send("+15550100", text);
  send("+15550200", "other");
  start();
  EXPECT_TRUE(queueBecomesEmpty());
  std::vector<std::string> order;
  for (const auto& request : provider_.requests())
    for (const char* text : {"first", "second", "third"})
      if (request.find(text) != std::string::npos) order.emplace_back(text);
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(DeliveryTest, TriesAgainWhenTheProviderIsDown) {
  provider_.next(refuse(503));
  provider_.next(refuse(503));
  start();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(provider_.requests().size(), 3U);
  EXPECT_EQ(field(id, "attempts"), "3");
  EXPECT_EQ(query("SELECT string_agg(attempt || ':' || http_status, ' ' ORDER BY id) FROM {tenant}.pb_attempts"),
            "1:503 2:503 3:200");
}

TEST_F(DeliveryTest, ANoIsFinalAndKeepsTheProvidersWords) {
  provider_.next(refuse(400, R"({"error":{"code":131026,"message":"Message undeliverable"}})"));
  start();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "failed"));
  EXPECT_TRUE(queueBecomesEmpty());
  EXPECT_EQ(field(id, "error ->> 'code'"), "131026");
  EXPECT_EQ(field(id, "error ->> 'class'"), "recipient");
  EXPECT_EQ(provider_.requests().size(), 1U);
}

TEST_F(DeliveryTest, WaitsAsToldWhenThrottledAndBurnsNoAttempt) {
  provider_.next(refuse(429, "{}", "Retry-After: 1"));
  start();
  const auto begin = std::chrono::steady_clock::now();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(field(id, "attempts"), "1");
  EXPECT_EQ(provider_.requests().size(), 2U);
}

TEST_F(DeliveryTest, RefusedCredentialsPauseTheChannelAndLoseNothing) {
  provider_.next(refuse(401, R"({"error":{"code":190,"message":"token expired"}})"));
  start();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(field(id, "attempts"), "1");
  EXPECT_EQ(provider_.requests().size(), 2U);
}

TEST_F(DeliveryTest, NoAnswerIsUnknownNeverSentTwiceAndHoldsTheQueueOnlyForAWhile) {
  provider_.next(kClose);
  start();
  const auto lost = send("+15550100", "lost");
  const auto after = send("+15550100", "after");
  EXPECT_TRUE(
      becomes("SELECT error ->> 'class' FROM {tenant}.inbox_messages WHERE id = " + std::to_string(lost), "unknown"));
  EXPECT_EQ(field(lost, "status"), "pending");
  EXPECT_TRUE(statusBecomes(after, "sent"));
  EXPECT_EQ(query("SELECT state FROM {tenant}.pb_outbox"), "held");
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.send_queue"), "0");
  EXPECT_EQ(countContaining(provider_.requests(), "lost"), 1U);

  // A status that comes later settles it.
  const auto settled = lanes_.call<Done>(
      "acme",
      [&](db::TenantWrite& write) -> Result<Done> {
        delivery::settle(write, lost);
        return Done{};
      },
      kPatience);
  EXPECT_TRUE(settled.ok());
  EXPECT_TRUE(queueBecomesEmpty());
}

TEST_F(DeliveryTest, ASettledMessageReleasesItsRecipientAtOnce) {
  provider_.next(kClose);
  auto slow = options();
  slow.retry.hold = 1h;
  dispatcher_ = makeDispatcher(slow);
  const auto lost = send("+15550100", "lost");
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "unknown"));
  const auto after = send("+15550100", "after");
  EXPECT_TRUE(lanes_
                  .call<Done>(
                      "acme",
                      [&](db::TenantWrite& write) -> Result<Done> {
                        delivery::settle(write, lost);
                        return Done{};
                      },
                      kPatience)
                  .ok());
  dispatcher_->wake();
  EXPECT_TRUE(statusBecomes(after, "sent"));
}

TEST_F(DeliveryTest, PolicyResendSendsAgainAndSaysSo) {
  channel_ = makeChannel(UnknownPolicy::kResend);
  provider_.next(kClose);
  start();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(field(id, "possible_duplicate"), "t");
  EXPECT_EQ(provider_.requests().size(), 2U);
}

TEST_F(DeliveryTest, PolicyFailFails) {
  channel_ = makeChannel(UnknownPolicy::kFail);
  provider_.next(kClose);
  start();
  const auto id = send("+15550100", "Hello");
  EXPECT_TRUE(statusBecomes(id, "failed"));
  EXPECT_EQ(provider_.requests().size(), 1U);
  EXPECT_TRUE(queueBecomesEmpty());
}

TEST_F(DeliveryTest, AfterACrashInTheMiddleOfASendItIsUnknownAndNotRepeated) {
  std::latch killed(1);
  provider_.next([&](const std::string&) {
    killed.wait();  // the answer comes when nobody is there any more
    return std::optional(Provider::accepted());
  });
  auto mortal = options();
  mortal.stop_patience = 0ms;
  dispatcher_ = makeDispatcher(mortal);
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(provider_.waitForRequests(1));
  dispatcher_.reset();
  killed.count_down();
  EXPECT_EQ(query("SELECT state FROM {tenant}.pb_outbox"), "started");

  // Only now: a dispatcher that is slow must not lose its lease while it lives.
  query("UPDATE patchbay.send_queue SET leased_until = now() RETURNING 1");
  start();
  EXPECT_TRUE(
      becomes("SELECT coalesce(error ->> 'code', '') FROM {tenant}.inbox_messages WHERE id = " + std::to_string(id),
              "interrupted"));
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "held"));
  EXPECT_EQ(provider_.requests().size(), 1U);
}

TEST_F(DeliveryTest, AFileIsFetchedUploadedAndSentAndALaterStepIsRepeatedAlone) {
  provider_.otherwise([](const std::string& request) -> std::optional<std::string> {
    if (request.starts_with("GET /photo.jpg"))
      return answer("JPEGBYTES", "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg");
    if (request.find("/media") != std::string::npos) return answer(R"({"id":"9001"})");
    return Provider::accepted();
  });
  provider_.next([](const std::string&) {
    return std::optional(answer("JPEGBYTES", "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg"));
  });
  provider_.next([](const std::string&) { return std::optional(answer(R"({"id":"9001"})")); });
  provider_.next(refuse(503));  // the send itself, after the upload
  start();
  const auto id =
      send("+15550100", "look", {{"type", "image"}, {"media", {{{"url", provider_.url() + "/photo.jpg"}}}}});
  EXPECT_TRUE(statusBecomes(id, "sent"));
  const auto requests = provider_.requests();
  ASSERT_EQ(requests.size(), 4U) << "file, upload, send, and the send again";
  EXPECT_TRUE(requests[0].starts_with("GET /photo.jpg "));
  EXPECT_EQ(requests[0].find("Authorization"), std::string::npos) << "a client's server gets no secret";
  EXPECT_NE(requests[1].find("JPEGBYTES"), std::string::npos);
  EXPECT_NE(requests[2].find("9001"), std::string::npos);
  EXPECT_NE(requests[3].find("9001"), std::string::npos);
  EXPECT_EQ(query("SELECT mime_type || ' ' || size || ' ' || filename FROM {tenant}.pb_media"),
            "image/jpeg 9 photo.jpg");
  EXPECT_EQ(query("SELECT string_agg(step || ':' || http_status, ' ' ORDER BY id) FROM {tenant}.pb_attempts"),
            "0:200 1:503 1:200");
}

TEST_F(DeliveryTest, AfterACrashBetweenTwoStepsTheFirstIsNotRepeated) {
  // The upload is answered; the send is refused for now; the host dies while it waits for the next try.
  provider_.next([](const std::string&) { return std::optional(answer("JPEGBYTES")); });
  provider_.next([](const std::string&) { return std::optional(answer(R"({"id":"9001"})")); });
  provider_.next(refuse(503, "{}", "Retry-After: 3600"));
  auto mortal = options();
  mortal.stop_patience = 0ms;
  dispatcher_ = makeDispatcher(mortal);
  const auto id =
      send("+15550100", "look",
           {{"type", "image"}, {"media", {{{"url", provider_.url() + "/photo.jpg"}, {"mime_type", "image/jpeg"}}}}});
  ASSERT_TRUE(becomes("SELECT state || step || (lower(encode(carry, 'escape')) LIKE '%9001%') FROM {tenant}.pb_outbox",
                      "queued1true"));
  dispatcher_.reset();
  timeComesFor(id);
  start();
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(provider_.requests().size(), 4U);
  EXPECT_EQ(countContaining(provider_.requests(), "JPEGBYTES"), 1U);
}

TEST_F(DeliveryTest, AStoredFileIsSentByItsDigestAndNotToAnotherTenant) {
  const auto stored = store_.put("BYTES");
  ASSERT_TRUE(stored);
  provider_.otherwise([](const std::string& request) -> std::optional<std::string> {
    return request.find("/media") != std::string::npos ? answer(R"({"id":"9001"})") : Provider::accepted();
  });
  start();
  const Json item{{"url", "patchbay-media:" + stored->sha256}, {"mime_type", "image/png"}};
  const auto foreign = send("+15550100", "", {{"type", "image"}, {"media", {item}}});
  EXPECT_TRUE(statusBecomes(foreign, "failed")) << "the file is there, but not this tenant's";
  EXPECT_TRUE(provider_.requests().empty());
  query("INSERT INTO {tenant}.pb_media (sha256, size, mime_type, created_at) VALUES ('" + stored->sha256 +
        "', 5, 'image/png', now()) RETURNING 1");
  EXPECT_TRUE(statusBecomes(send("+15550100", "", {{"type", "image"}, {"media", {item}}}), "sent"));
  EXPECT_EQ(countContaining(provider_.requests(), "BYTES"), 1U);
}

TEST_F(DeliveryTest, AnAddressInsideTheHouseIsNotFetched) {
  const testing_support::RawServer inside([](testing_support::RawConnection&, int) {});
  start();
  const auto id = send("+15550100", "", {{"type", "image"}, {"media", {{{"url", inside.url("/secret.jpg")}}}}});
  EXPECT_TRUE(statusBecomes(id, "failed"));
  EXPECT_NE(field(id, "error ->> 'text'").find("egress_allow"), std::string::npos);
  EXPECT_EQ(inside.connections(), 0);
}

TEST_F(DeliveryTest, WhoHasLostItsLeaseWritesNothing) {
  std::latch taken(1);
  provider_.next([&](const std::string&) {
    taken.wait();
    return std::optional(Provider::refused(400, R"({"error":{"code":131026,"message":"no"}})"));
  });
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(provider_.waitForRequests(1));
  query(
      "UPDATE patchbay.send_queue SET lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour' "
      "RETURNING 1");
  taken.count_down();
  dispatcher_.reset();  // waits for what is under way
  EXPECT_EQ(field(id, "status"), "pending");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_outbox"), "1");
}

TEST_F(DeliveryTest, ThatAMessageWentIsStillTheTruthWhenSomebodyElseCallsItUnknown) {
  std::latch taken(1);
  provider_.next([&](const std::string&) {
    taken.wait();
    return std::optional(Provider::accepted());
  });
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(provider_.waitForRequests(1));
  query(
      "UPDATE patchbay.send_queue SET lease_token = gen_random_uuid(), leased_until = now() + interval '1 hour' "
      "RETURNING 1");
  query("UPDATE {tenant}.pb_outbox SET state = 'unknown' RETURNING 1");
  taken.count_down();
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_outbox"), "0");
}

TEST_F(DeliveryTest, TwoDispatchersSendEachMessageOnceAndInOrder) {
  constexpr int kRecipients = 10, kEach = 10;
  for (int message = 0; message < kEach; ++message)
    for (int recipient = 0; recipient < kRecipients; ++recipient)
      send("+155501" + std::to_string(10 + recipient), "number " + std::to_string(message) + ".");
  start();
  db::Lanes other_lanes({.url = database_.url()}, {}, 1);  // as another host has
  const auto second = makeDispatcher(options(), &other_lanes);
  EXPECT_TRUE(queueBecomesEmpty());
  const auto requests = provider_.requests();
  EXPECT_EQ(requests.size(), static_cast<std::size_t>(kRecipients * kEach));
  std::map<std::string, int> next;
  for (const auto& request : requests) {
    const std::size_t at = request.find("+155501");
    ASSERT_NE(at, std::string::npos);
    const int expected = next[request.substr(at, 9)]++;
    EXPECT_NE(request.find("number " + std::to_string(expected) + "."), std::string::npos) << request;
  }
}

TEST_F(DeliveryTest, LosingTheDatabaseInTheMiddleOfASendChangesNothing) {
  std::latch killed(1);
  provider_.next([&](const std::string&) {
    database_.killSessions();
    killed.count_down();
    return std::optional(Provider::accepted());
  });
  start();
  const auto first = send("+15550100", "first");
  killed.wait();  // before this test asks the database anything itself
  EXPECT_TRUE(statusBecomes(first, "sent"));
  EXPECT_TRUE(statusBecomes(send("+15550100", "second"), "sent"));
  EXPECT_EQ(provider_.requests().size(), 2U);
  EXPECT_TRUE(queueBecomesEmpty());
}

TEST_F(DeliveryTest, WhatTheProviderSaidIsKeptWhileTheDatabaseIsAwayAndNothingGoesTwice) {
  const TestDatabase outside;  // from where the other one is closed and opened
  const auto open = [&](bool yes) {
    outside.query("ALTER DATABASE " + database_.name() + " ALLOW_CONNECTIONS " + (yes ? "true" : "false"));
    if (!yes)
      outside.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '" +
                    database_.name() + "'");
  };
  provider_.next([&](const std::string&) {
    open(false);
    return std::optional(Provider::accepted());
  });
  start();
  const auto id = send("+15550100", "Hello");
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_TRUE(comesTrue([&] { return lanes_.stats().unavailable >= 3; })) << "the result was not tried again";
  open(true);
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_TRUE(queueBecomesEmpty());
  EXPECT_EQ(provider_.requests().size(), 1U);
}

TEST_F(DeliveryTest, MessagesOfAChannelThatIsNotThereWaitForIt) {
  const auto channel = channel_;
  channel_ = nullptr;
  start();
  const auto id = send("+15550100", "Hello");
  provider_.otherwise(kAccept);
  EXPECT_TRUE(becomes("SELECT count(*) FROM patchbay.send_queue WHERE lease_token IS NULL", "1"));
  {
    const std::lock_guard lock(channel_mutex_);
    channel_ = channel;
  }
  dispatcher_->wake();
  EXPECT_TRUE(statusBecomes(id, "sent"));
}

TEST_F(DeliveryTest, AScheduledMessageLetsOthersPassAndGoesInItsTime) {
  const auto later = send("+15550100", "later", Json::object(), now() + 30min);
  const auto hour = send("+15550100", "in an hour", Json::object(), now() + 1h);
  start();
  const auto soon = send("+15550100", "soon");
  EXPECT_TRUE(statusBecomes(soon, "sent"));
  EXPECT_EQ(query("SELECT q.available_at = o.not_before FROM patchbay.send_queue q, {tenant}.pb_outbox o "
                  "WHERE o.message_id = " +
                  std::to_string(later)),
            "t")
      << "its recipient waits for the next one's time";
  timeComesFor(later);
  EXPECT_TRUE(statusBecomes(later, "sent"));
  EXPECT_EQ(field(hour, "status"), "pending");
  const auto requests = provider_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[0].find("soon"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::testing
