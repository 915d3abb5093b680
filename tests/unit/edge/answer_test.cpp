// The small pure parts: header scan, request ids, problem documents, byte budget.
#include "edge/answer.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/byte_budget.hpp"
#include "edge/header_scan.hpp"
#include "edge/listen_error.hpp"
#include "edge/peer_shares.hpp"
#include "edge/request_id.hpp"

namespace patchbay::edge {
namespace {

TEST(HeaderScan, FindsTheEndWhereverTheBytesAreCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    HeaderScan scan;
    EXPECT_EQ(scan.scan(head.substr(0, cut)), HeaderScan::State::kMore) << cut;
    EXPECT_EQ(scan.scan(head + "body\n\n"), HeaderScan::State::kComplete) << cut;
    EXPECT_EQ(scan.size(), head.size()) << cut;
  }
}

TEST(HeaderScan, SeesFoldsAndBareLfAtOnce) {
  const auto scan = [](std::string_view text) { return HeaderScan().scan(text); };
  EXPECT_EQ(scan("GET / HTTP/1.1\r\n folded\r\n"), HeaderScan::State::kFolded);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\r\n\tfolded\r\n"), HeaderScan::State::kFolded);
  EXPECT_EQ(scan("GET / HTTP/1.1\n"), HeaderScan::State::kBareLf);
  EXPECT_EQ(scan("\n"), HeaderScan::State::kBareLf);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\n\n"), HeaderScan::State::kBareLf);
}

TEST(Problem, HasTheFormThatTheErrorsOfTheApiHave) {
  const http::Response response = problem({503, "body_budget", "too many"}, "abc");
  EXPECT_EQ(response.status, 503);
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json, (nlohmann::json{{"type", "urn:patchbay:problem:body_budget"},
                                  {"title", "Service Unavailable"},
                                  {"status", 503},
                                  {"detail", "too many"},
                                  {"code", "body_budget"},
                                  {"instance", "urn:patchbay:request:abc"},
                                  {"errors", nlohmann::json::array()},
                                  {"request_id", "abc"}}));
  EXPECT_EQ(http::find(response.headers, "Content-Type"), "application/problem+json");
  EXPECT_EQ(http::find(response.headers, "Retry-After"), "1");
}

TEST(RequestIdText, IsRandomInEveryThread) {
  std::set<std::string> ids;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 100; ++n) {
          std::string id = requestId("");
          const std::lock_guard lock(mutex);
          ids.insert(std::move(id));
        }
      });
    }
  }
  EXPECT_EQ(ids.size(), 400U);
}

TEST(ByteBudgetTest, NeverPassesItsLimitAndTakesWholeAmountsOnly) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.take(60));
  EXPECT_FALSE(budget.take(41));
  EXPECT_FALSE(budget.take(static_cast<std::size_t>(-1)));
  EXPECT_TRUE(budget.take(40));
  EXPECT_FALSE(budget.take(1));
  budget.give(40);
  {
    Charge charge(budget);
    EXPECT_TRUE(charge.grow(30));
    EXPECT_TRUE(charge.grow(40));
    EXPECT_FALSE(charge.grow(41));
    EXPECT_EQ(budget.used(), 100U);
  }
  EXPECT_EQ(budget.used(), 60U);
}

TEST(ByteBudgetTest, AShareKeepsTheRestForOthersButNeverRefusesOneBodyAlone) {
  ByteBudget budget(100);
  const auto share = std::make_shared<ByteBudget>(25);
  Charge first(budget, share);
  EXPECT_TRUE(first.grow(20));
  EXPECT_TRUE(first.grow(60)) << "it is alone";
  {
    Charge second(budget, share);
    EXPECT_FALSE(second.hasRoom(1));
    EXPECT_FALSE(second.grow(1));
    Charge other(budget, std::make_shared<ByteBudget>(25));
    EXPECT_TRUE(other.grow(40));
    EXPECT_FALSE(other.grow(41)) << "the whole is spent";
  }
  EXPECT_EQ(budget.used(), 60U);
  first.release();
  EXPECT_EQ(share->used(), 0U);
  EXPECT_EQ(budget.used(), 0U);
}

TEST(PeerSharesTest, AreOneForEachAddressAndOneForEachNetworkOfIpv6) {
  PeerShares shares(10);
  const auto mine = shares.of("192.0.2.1");
  EXPECT_EQ(mine, shares.of("192.0.2.1"));
  EXPECT_NE(mine, shares.of("192.0.2.2"));
  const auto network = shares.of("2001:db8:1:2::1");
  EXPECT_EQ(network, shares.of("2001:db8:1:2:ffff::7"));
  EXPECT_NE(network, shares.of("2001:db8:1:3::1"));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(shares.of("10.0.0." + std::to_string(i))->bodies.used(), 0U);
  EXPECT_EQ(mine, shares.of("192.0.2.1")) << "cleaned up while it was in use";
}

TEST(ListenErrorText, NamesIpv6AddressesInBrackets) {
  EXPECT_EQ(listenErrorText("::1", 80, EACCES, "choose another port with X"),
            "cannot listen on [::1]:80: Permission denied; ports below 1024 need the capability CAP_NET_BIND_SERVICE; "
            "choose another "
            "port with X");
}

TEST(Date, HasTheFormOfRfc9110) {
  DateText date;
  const std::string text(date.now());
  ASSERT_EQ(text.size(), 29U);
  EXPECT_EQ(text.substr(3, 2), ", ");
  EXPECT_EQ(text.substr(25), " GMT");
}

}  // namespace
}  // namespace patchbay::edge
