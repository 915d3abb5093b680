#include "db/cluster/cluster.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>

#include "cluster_test_tools.hpp"

namespace patchbay::db {
namespace {

TEST(Cluster, TheFirstStartMakesADurableClusterOnASocketOnly) {
  const TemporaryHome home;
  const Cluster cluster = Cluster::start(home.options());
  EXPECT_FALSE(cluster.adopted());
  EXPECT_TRUE(cluster.alive());
  EXPECT_EQ(query(cluster, "SHOW listen_addresses"), "");
  EXPECT_EQ(query(cluster, "SHOW fsync"), "on");
  EXPECT_EQ(query(cluster, "SHOW synchronous_commit"), "on");
  EXPECT_EQ(query(cluster, "SHOW data_checksums"), "on");
  EXPECT_EQ(query(cluster, "SHOW jit"), "off");
  EXPECT_EQ(query(cluster, "SHOW server_encoding"), "UTF8");
  EXPECT_EQ(query(cluster, "SELECT current_database()"), "patchbay");
  EXPECT_EQ(query(cluster, "SELECT lower('É')"), "é");
  EXPECT_EQ(query(cluster, "SELECT datcollate FROM pg_database WHERE datname = 'patchbay'"), "C");
  for (const char* closed : {"postgres", "postgres/data", "postgres/run"}) {
    EXPECT_EQ(modeOf(home.path() / closed), 0700U) << closed;
  }
}

TEST(Cluster, StopLeavesNothingRunningAndTheNextStartFindsTheData) {
  const MadeHome home;
  {
    Cluster cluster = Cluster::start(home.options());
    query(cluster, "CREATE TABLE kept (n int)");
    query(cluster, "INSERT INTO kept VALUES (42)");
    const pid_t server = serverOf(home);
    cluster.stop();
    EXPECT_FALSE(cluster.alive());
    EXPECT_FALSE(runs(server));
    cluster.stop();  // idempotent
    EXPECT_FALSE(cluster.ensureRunning());
  }
  const Cluster again = Cluster::start(home.options());
  EXPECT_FALSE(again.adopted());
  EXPECT_EQ(query(again, "SELECT n FROM kept"), "42");
}

TEST(Cluster, AfterKillNineOfTheHostTheNextStartAdoptsTheServer) {
  const MadeHome home;
  const pid_t host = forkHost(home);
  ASSERT_GT(host, 0);
  const pid_t server = serverOf(home);
  ::kill(host, SIGKILL);
  ASSERT_EQ(::waitpid(host, nullptr, 0), host);

  Cluster cluster = Cluster::start(home.options());
  EXPECT_TRUE(cluster.adopted());
  EXPECT_EQ(serverOf(home), server);
  EXPECT_EQ(query(cluster, "SELECT 1"), "1");
  cluster.stop();
  EXPECT_FALSE(runs(server));
}

TEST(Cluster, AfterKillNineOfHostAndServerTheNextStartRecovers) {
  const MadeHome home;
  {
    Cluster cluster = Cluster::start(home.options());
    query(cluster, "CREATE TABLE kept (n int)");
    query(cluster, "INSERT INTO kept VALUES (7)");
    ::kill(serverOf(home), SIGKILL);
    waitFor([&] { return !cluster.alive(); });
    cluster.leaveRunning();
  }
  ASSERT_TRUE(std::filesystem::exists(home.path() / "postgres/data/postmaster.pid"));
  const Cluster cluster = Cluster::start(home.options());
  EXPECT_FALSE(cluster.adopted());
  EXPECT_EQ(query(cluster, "SELECT n FROM kept"), "7");
}

TEST(Cluster, APidFileWithTheNumberOfAnotherProcessIsStale) {
  const MadeHome home;
  // A process of the server's user, as after the restart of a container; PostgreSQL alone would refuse to start.
  const Bystander bystander;
  const auto file = home.path() / "postgres/data/postmaster.pid";
  std::ofstream(file) << bystander.pid() << "\n/elsewhere\n1\n5432\n"
                      << (home.path() / "postgres/run").string() << "\n";
  bystander.own(file);
  const Cluster cluster = Cluster::start(home.options());
  EXPECT_FALSE(cluster.adopted());
  EXPECT_EQ(query(cluster, "SELECT 1"), "1");
}

TEST(Cluster, EnsureRunningStartsADeadServerAgain) {
  const MadeHome home;
  Cluster cluster = Cluster::start(home.options());
  EXPECT_FALSE(cluster.ensureRunning());
  ::kill(serverOf(home), SIGKILL);
  waitFor([&] { return !cluster.alive(); });
  EXPECT_TRUE(cluster.ensureRunning());
  EXPECT_EQ(query(cluster, "SELECT 1"), "1");
}

TEST(Cluster, ASecondHostOnTheSameDataIsRefused) {
  const MadeHome home;
  const Cluster cluster = Cluster::start(home.options());
  EXPECT_EQ(errorOf(home.options()), "data directory " + home.path().string() +
                                         " is in use by another Patchbay (process " + std::to_string(::getpid()) +
                                         "); stop that one, or give this one its own with --data-dir");
}

TEST(Cluster, APathThatIsTooLongOrOddForASocketGetsItElsewhere) {
  const MadeHome home;
  for (const std::string& name : {std::string(90, 'x'), std::string("a, 'b")}) {
    ClusterOptions options = home.options();
    options.data_dir /= name;
    std::filesystem::create_directory(options.data_dir);
    std::filesystem::rename(home.path() / "postgres", options.data_dir / "postgres");
    Cluster cluster = Cluster::start(options);
    const std::string socket = query(cluster, "SHOW unix_socket_directories");
    EXPECT_FALSE(socket.starts_with(home.path().string())) << socket;
    EXPECT_EQ(modeOf(socket), 0700U);
    EXPECT_EQ(cluster.connectionString().find(name), std::string::npos);
    cluster.stop();
    std::filesystem::remove_all(socket);
    std::filesystem::rename(options.data_dir / "postgres", home.path() / "postgres");
  }
}

TEST(Cluster, AbandonedHalfMadeClustersAreRemoved) {
  const MadeHome home;
  std::filesystem::create_directory(home.path() / "postgres/initdb-1");
  Cluster::start(home.options()).stop();
  EXPECT_FALSE(std::filesystem::exists(home.path() / "postgres/initdb-1"));
}

TEST(Cluster, AServerThatDoesNotStartIsExplainedByItsLog) {
  const MadeHome home;
  std::ofstream(home.path() / "postgres/data/postgresql.conf", std::ios::app) << "\nshared_bufers = 1\n";
  const std::string error = errorOf(home.options());
  EXPECT_NE(error.find("the embedded database does not start; " + (home.path() / "postgres/log").string() + " says:"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("shared_bufers"), std::string::npos) << error;
}

}  // namespace
}  // namespace patchbay::db
