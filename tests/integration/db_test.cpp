#include <gtest/gtest.h>

#include <algorithm>

#include "db/pool.hpp"
#include "support/test_database.hpp"

namespace patchbay::testing {
namespace {

using db::Connection;
using db::Params;
using db::Statement;
using std::chrono::milliseconds;

constexpr Statement kEcho{"test.echo", "SELECT $1, $2, $3::text, $4, $5::text, $6::text"};
constexpr Statement kOne{"test.one", "SELECT 1"};
constexpr Statement kFail{"test.fail", "SELECT 1 / $1"};
constexpr Statement kSleep{"test.sleep", "SELECT pg_sleep(60)"};
constexpr Statement kArrays{"test.arrays", "SELECT a, b, c, d FROM unnest($1, $2, $3, $4) AS q (a, b, c, d)"};

TEST(Connection, CarriesEveryTypeThereAndBack) {
  TestDatabase database;
  Connection connection(db::Connection::Options{.url = database.url()});
  const auto time = *parseRfc3339("2026-01-05T10:00:00.123Z");
  const auto rows = connection.execute(kEcho, nullptr,
                                       Params()
                                           .text("Grüße 🥐 'quoted' \\")
                                           .int8(-9007199254740993)
                                           .uuid("7e57ab1e-0000-4000-8000-00000000000A")
                                           .timestamp(time)
                                           .jsonb("{\"a\":1}")
                                           .boolean(true));
  EXPECT_EQ(rows.text(0, 0), "Grüße 🥐 'quoted' \\");
  EXPECT_EQ(rows.int8(0, 1), -9007199254740993);
  EXPECT_EQ(rows.text(0, 2), "7e57ab1e-0000-4000-8000-00000000000a");
  EXPECT_EQ(rows.timestamp(0, 3), time);
  EXPECT_EQ(rows.text(0, 4), "{\"a\": 1}");
  EXPECT_EQ(rows.text(0, 5), "true");
}

TEST(Connection, CarriesArraysWithNulls) {
  TestDatabase database;
  Connection connection(db::Connection::Options{.url = database.url()});
  const std::vector<std::string> texts{"a", ""}, json{"{}", ""};
  const std::vector<std::int64_t> ints{1, 2};
  const std::vector<std::optional<std::int64_t>> maybe{std::nullopt, 7};
  const auto rows = connection.execute(
      kArrays, nullptr, Params().textOrNullArray(texts).int8Array(ints).nullableInt8Array(maybe).jsonbArray(json));
  ASSERT_EQ(rows.size(), 2);
  EXPECT_TRUE(rows.isNull(1, 0));
  EXPECT_TRUE(rows.isNull(0, 2));
  EXPECT_EQ(rows.int8(1, 2), 7);
  EXPECT_TRUE(rows.isNull(1, 3));
  EXPECT_EQ(connection
                .execute(kArrays, nullptr,
                         Params().textArray(std::vector<std::string>{}).int8Array({}).int8Array({}).jsonbArray({}))
                .size(),
            0);
}

TEST(Connection, ARefusedStatementIsNamedAndTheConnectionStaysUsable) {
  TestDatabase database;
  Connection connection(db::Connection::Options{.url = database.url()});
  connection.queue(kOne, nullptr);
  connection.queue(kFail, nullptr, Params().int8(0));
  connection.queue(kOne, nullptr);
  try {
    connection.flush();
    FAIL() << "1 / 0 was not refused";
  } catch (const db::SqlError& error) {
    EXPECT_EQ(error.state(), "22012");
    EXPECT_NE(std::string(error.what()).find("test.fail"), std::string::npos) << error.what();
  }
  EXPECT_EQ(connection.execute(kOne).int8(0, 0), 1);
  EXPECT_EQ(connection.execute(kFail, nullptr, Params().int8(1)).int8(0, 0), 1);
}

TEST(Connection, GivesUpOnASlowStatementAtItsDeadline) {
  TestDatabase database;
  auto options = db::Connection::Options{.url = database.url()};
  options.statement_timeout = milliseconds(300);
  Connection connection(options);
  EXPECT_THROW(connection.execute(kSleep), std::runtime_error);
}

TEST(Connection, KeepsWorkingWhenItsStatementCacheOverflows) {
  TestDatabase database;
  auto options = db::Connection::Options{.url = database.url()};
  options.statement_cache = 3;
  Connection connection(options);
  std::vector<std::string> sql;
  for (int i = 0; i < 20; ++i) sql.push_back("SELECT " + std::to_string(i));
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 20; ++i) {
      const auto& text = sql[static_cast<std::size_t>(i)];
      ASSERT_EQ(connection.execute(Statement{text, text}).int8(0, 0), i);
    }
}

TEST(Connection, WhatOneFlushPushesOutOfTheCacheIsPreparedAgainWithinIt) {
  TestDatabase database;
  auto options = db::Connection::Options{.url = database.url()};
  options.statement_cache = 3;
  Connection connection(options);
  std::vector<std::string> sql;
  for (int i = 0; i < 5; ++i) sql.push_back("SELECT " + std::to_string(i));
  for (int round = 0; round < 3; ++round) {
    // Each of them is in the cache when it is queued, and gone when its turn comes.
    for (const auto& text : sql) connection.queue(Statement{text, text}, nullptr);
    const auto rows = connection.flush();
    for (std::size_t i = 0; i < sql.size(); ++i) ASSERT_EQ(rows.at(i).size(), 1) << "statement " << i;
    std::rotate(sql.begin(), sql.begin() + 2, sql.end());
  }
}

TEST(Connection, WhatPassesIsUnavailableAndLeavesTheConnectionUsable) {
  static constexpr Statement kNotNow{"test.not_now",
                                     "SELECT set_config('statement_timeout', '2000', false), pg_sleep(0)"};
  TestDatabase database;
  Connection connection({.url = database.url()});
  connection.execute(kNotNow);
  EXPECT_THROW(connection.execute(kSleep), db::Unavailable);
  EXPECT_FALSE(connection.broken());
  EXPECT_EQ(connection.execute(kOne).int8(0, 0), 1);
}

TEST(Connection, AServerThatCannotBeReachedIsUnavailable) {
  EXPECT_THROW(Connection({.url = "host=127.0.0.1 port=1 dbname=x"}), db::Unavailable);
  EXPECT_THROW(Connection({.url = "not a url"}), db::Unavailable);
}

TEST(Pool, ReplacesConnectionsThatTheServerClosed) {
  TestDatabase database;
  db::Pool pool(db::Connection::Options{.url = database.url()}, 2);
  { EXPECT_EQ(pool.lease()->execute(kOne).int8(0, 0), 1); }
  database.killSessions();
  database.waitForNoSessions();
  EXPECT_EQ(pool.lease()->execute(kOne).int8(0, 0), 1);
}

TEST(Pool, SaysNoWhenAllAreBusy) {
  TestDatabase database;
  db::Pool pool(db::Connection::Options{.url = database.url()}, 1);
  auto held = pool.lease();
  EXPECT_THROW(pool.lease(milliseconds(20)), db::Unavailable);
}

TEST(SchemaName, ExistsOnlyForSlugs) {
  EXPECT_EQ(db::SchemaName::fromSlug("acme-corp")->str(), "tenant_acme_corp");
  for (const char* bad : {"", "A", "a_b", "a\"", "a'; drop", "a.b"}) EXPECT_FALSE(db::SchemaName::fromSlug(bad)) << bad;
}

}  // namespace
}  // namespace patchbay::testing
