/// A PostgreSQL database of its own for a test, in the cluster that the tests of this build tree share.
///
///     const TestDatabase database;                       // empty, unique name, dropped at the end
///     db::Connection connection({.url = database.url()});
///
/// The cluster: PATCHBAY_TEST_DATABASE (a connection string to any database of a server on which we may create
/// databases), else the one that `ctest` starts as fixture of DATABASE tests, or `patchbay-test-cluster start
/// <build>/test-cluster` by hand.
#pragma once

#include <chrono>
#include <string>

namespace patchbay::testing {

/// How long tests wait for what must happen: on a busy machine and with a sanitizer everything takes its time.
inline constexpr std::chrono::seconds kPatience{60};

class TestDatabase {
 public:
  /// @throws std::runtime_error  no cluster, or it refuses; says how to start one.
  TestDatabase();
  ~TestDatabase();  ///< drops the database, with whoever is still connected
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  /// For libpq.
  const std::string& url() const { return url_; }
  const std::string& name() const { return name_; }

  /// Runs SQL on a connection of its own (several statements with ';' are one transaction).
  /// @return the first value of the last result; "" when there is none.
  /// @throws std::runtime_error  with the server's message.
  std::string query(const std::string& sql) const;

  /// Ends all sessions of this database from outside, as a failover would.
  void killSessions() const;

  /// Waits until nobody else is connected: a session that was told to end takes its time on a busy machine.
  /// @throws std::runtime_error  somebody still is after kPatience
  void waitForNoSessions() const;

 private:
  std::string name_;
  std::string admin_url_;
  std::string url_;
};

}  // namespace patchbay::testing
