#include "support/test_database.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

namespace patchbay::testing {
namespace {

struct Free {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::string clusterUrl() {
  if (const char* given = std::getenv("PATCHBAY_TEST_DATABASE"); given != nullptr && *given != '\0') return given;
  std::ifstream in(PATCHBAY_TEST_CLUSTER_URL);
  std::string line;
  if (std::getline(in, line)) return line;
  const std::string file = PATCHBAY_TEST_CLUSTER_URL;
  throw std::runtime_error(
      "no test cluster: run the test with ctest, or start the cluster with patchbay-test-cluster start " +
      file.substr(0, file.rfind(".url")) + ", or set PATCHBAY_TEST_DATABASE");
}

/// The same connection string with another database, in key/value form.
std::string withDatabase(const std::string& url, const std::string& name) {
  const std::unique_ptr<PQconninfoOption, Free> options(PQconninfoParse(url.c_str(), nullptr));
  if (!options) throw std::runtime_error("PATCHBAY_TEST_DATABASE is not a connection string: " + url);
  std::string out = "dbname=" + name;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || std::string_view(option->keyword) == "dbname") continue;
    out.append(" ").append(option->keyword).append("='");
    for (const char* c = option->val; *c != '\0'; ++c) {
      if (*c == '\'' || *c == '\\') out.push_back('\\');
      out.push_back(*c);
    }
    out.append("'");
  }
  return out;
}

std::string execute(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, Free> connection(PQconnectdb(url.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, Free> result(PQexec(connection.get(), sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    throw std::runtime_error(PQerrorMessage(connection.get()));
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace

TestDatabase::TestDatabase() : admin_url_(clusterUrl()) {
  static std::atomic<int> count{0};
  name_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  url_ = withDatabase(admin_url_, name_);
  // A test that was killed may have left one of this name.
  execute(admin_url_, "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  execute(admin_url_, "CREATE DATABASE " + name_ + " TEMPLATE template0");
}

TestDatabase::~TestDatabase() {
  try {
    execute(admin_url_, "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The test may have stopped the server; the name is free for the next process with our number.
  }
}

std::string TestDatabase::query(const std::string& sql) const {
  return execute(url_, sql);
}

void TestDatabase::killSessions() const {
  execute(admin_url_, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name_ + "'");
}

void TestDatabase::waitForNoSessions() const {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
               "pg_backend_pid() AND backend_type = 'client backend'") != "0") {
    if (std::chrono::steady_clock::now() >= until) throw std::runtime_error("sessions of " + name_ + " do not end");
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

}  // namespace patchbay::testing
