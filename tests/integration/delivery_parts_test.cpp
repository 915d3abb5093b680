/// Texts that go in several parts, and statuses that come before the answer.
#include <gtest/gtest.h>

#include <latch>
#include <map>

#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using namespace std::chrono_literals;
using connectors::UnknownPolicy;
using testing_support::answer;

TEST_F(DeliveryTest, ASplitTextGoesInPartsAndEachHasItsId) {
  start();
  const auto id = send("+15550100", std::string(4000, 'a') + " " + std::string(4000, 'b'));
  EXPECT_TRUE(statusBecomes(id, "sent"));
  EXPECT_EQ(provider_.requests().size(), 2U);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_message_parts WHERE message_id = " + std::to_string(id)), "2");
}

TEST_F(DeliveryTest, ASplitTextIsNotReadWhileAPartOfItHasNotLeft) {
  std::int64_t id = 0;
  std::latch known(1);
  provider_.next([](const std::string&) {
    return std::optional(
        testing_support::answer(R"({"messaging_product":"whatsapp","messages":[{"id":"wamid.one"}]})"));
  });
  provider_.next([&](const std::string&) {
    known.wait();
    EXPECT_TRUE(statusArrives(id, "wamid.one", "read"));
    EXPECT_EQ(field(id, "status"), "pending") << "the second part is still under way";
    return std::optional(
        Provider::refused(400, R"({"error":{"message":"(#131047) Re-engagement message","code":131047}})"));
  });
  start();
  id = send("+15550100", std::string(4000, 'a') + " " + std::string(4000, 'b'));
  known.count_down();
  EXPECT_TRUE(statusBecomes(id, "failed"));
  EXPECT_EQ(query("SELECT error ->> 'code' FROM {tenant}.inbox_messages WHERE id = " + std::to_string(id)), "131047");
}

TEST_F(DeliveryTest, AStatusThatComesBeforeTheAnswerCountsWhenTheAnswerHasCome) {
  std::int64_t id = 0;
  std::latch known(1);
  provider_.next([&](const std::string&) {
    known.wait();
    EXPECT_TRUE(statusArrives(id, "wamid.early", "delivered"));
    return std::optional(
        testing_support::answer(R"({"messaging_product":"whatsapp","messages":[{"id":"wamid.early"}]})"));
  });
  start();
  id = send("+15550100", "Hello");
  known.count_down();
  EXPECT_TRUE(statusBecomes(id, "delivered"));
}

TEST_F(DeliveryTest, APartOfASplitTextWithoutAnAnswerIsNotRepeatedAndNeitherAreTheOthers) {
  provider_.next(kAccept);
  provider_.next(kClose);
  start();
  const auto id = send("+15550100", std::string(4000, 'a') + " " + std::string(4000, 'b'));
  EXPECT_TRUE(
      becomes("SELECT coalesce(error ->> 'class', '') FROM {tenant}.inbox_messages WHERE id = " + std::to_string(id),
              "unknown"));
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "held"));
  EXPECT_EQ(provider_.requests().size(), 2U);
}

TEST_F(DeliveryTest, ALostPartThatArrivedSaysThatOthersMayBeMissing) {
  provider_.next(kAccept);
  provider_.next(kClose);
  start();
  const auto id =
      send("+15550100", std::string(4000, 'a') + " " + std::string(4000, 'b') + " " + std::string(4000, 'c'));
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "held"));
  for (const char* status : {"sent", "delivered", "read"})
    for (const char* part : {"wamid.part1", "wamid.part2"}) EXPECT_TRUE(statusArrives(id, part, status));
  EXPECT_TRUE(queueBecomesEmpty());
  EXPECT_EQ(field(id, "status"), "read");
  EXPECT_EQ(query("SELECT error ->> 'code' FROM {tenant}.inbox_messages WHERE id = " + std::to_string(id)),
            "perhaps_partial");
  EXPECT_EQ(provider_.requests().size(), 2U) << "and nobody sent a part twice";
}

TEST_F(DeliveryTest, AStatusThatOvertakesTheAnswerDoesNotStopTheRest) {
  // The first part's status comes by our ref while the second part is on its way: it settles nothing.
  std::int64_t id = 0;
  std::latch known(1);
  const auto seen = [&] {
    return lanes_
        .call<Done>(
            "acme",
            [&](db::TenantWrite& write) -> Result<Done> {
              delivery::settle(write, id);
              return Done{};
            },
            kPatience)
        .ok();
  };
  provider_.next([&](const std::string&) {
    known.wait();
    EXPECT_TRUE(seen());
    return std::optional(Provider::accepted());
  });
  provider_.next(kClose);
  start();
  id = send("+15550100", std::string(4000, 'a') + " " + std::string(4000, 'b'));
  known.count_down();
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "held"))
      << "one id for one answered part says nothing of the lost one";
  EXPECT_EQ(provider_.requests().size(), 2U);
  EXPECT_TRUE(seen());
  EXPECT_TRUE(queueBecomesEmpty()) << "two ids for one answered part: both have arrived";
}

TEST_F(DeliveryTest, AStatusThatCameBeforeTheAnswerWasLostSettlesIt) {
  std::int64_t id = 0;
  std::latch known(1);
  provider_.next([&](const std::string&) -> std::optional<std::string> {
    known.wait();
    EXPECT_TRUE(lanes_
                    .call<Done>(
                        "acme",
                        [&](db::TenantWrite& write) -> Result<Done> {
                          delivery::settle(write, id);
                          return Done{};
                        },
                        kPatience)
                    .ok());
    return std::nullopt;
  });
  start();
  id = send("+15550100", "Hello");
  known.count_down();
  EXPECT_TRUE(queueBecomesEmpty());
  EXPECT_EQ(field(id, "error"), "");
  EXPECT_EQ(provider_.requests().size(), 1U);
}

TEST_F(DeliveryTest, ARefusalThatLedOnIsNoPartThatAnEchoMustTellOf) {
  // Messenger: the window is closed, so once more with the tag. The answer to that is lost, and its echo arrives.
  connectors::ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = "support";
  settings.connector = "messenger";
  settings.unknown = UnknownPolicy::kResend;
  settings.egress_allow = {provider_.authority()};
  settings.config = {{"page_id", "1002"},
                     {"access_token", "test-access-token"},
                     {"app_secret", "test-app-secret-01"},
                     {"verify_token", "test-verify-token"},
                     {"base_url", provider_.url()},
                     {"human_agent", true}};
  auto messenger = factory_.create(std::move(settings));
  ASSERT_TRUE(messenger.ok()) << messenger.error().message;
  channel_ = *messenger;
  provider_.next(refuse(400, R"({"error":{"message":"(#10) no","code":10,"error_subcode":2018278}})"));
  provider_.next(kClose);
  auto patient = options();
  patient.retry.hold = 60s;
  dispatcher_ = makeDispatcher(patient);
  const auto id = send("7001", "Sorry", {{"to", {{"kind", "psid"}, {"address", "7001"}}}});
  EXPECT_TRUE(becomes("SELECT state FROM {tenant}.pb_outbox", "unknown"));
  EXPECT_TRUE(statusArrives(id, "m_1", "sent"));
  EXPECT_TRUE(queueBecomesEmpty()) << "or the customer gets it twice";
  EXPECT_EQ(field(id, "status"), "sent");
  EXPECT_EQ(provider_.requests().size(), 2U);
}

}  // namespace
}  // namespace patchbay::testing
