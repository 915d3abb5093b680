// The embedded cluster as a command line tool finds it.
#include "db/cluster/running.hpp"

#include <gtest/gtest.h>

#include "cluster_test_tools.hpp"

namespace patchbay::db {
namespace {

std::string whyNot(const std::filesystem::path& data_dir) {
  try {
    return "found at " + runningCluster(data_dir);
  } catch (const ClusterError& error) {
    return error.what();
  }
}

TEST(RunningCluster, IsFoundBesideItsHostAndNotAfterIt) {
  const MadeHome home;
  const std::string none = "the embedded database in " + home.path().string() + " is not running: start the host";
  EXPECT_EQ(whyNot(home.path()).substr(0, none.size()), none);
  Cluster cluster = Cluster::start(home.options());
  EXPECT_EQ(runningCluster(home.path()), cluster.connectionString());
  EXPECT_EQ(PQping(runningCluster(home.path()).c_str()), PQPING_OK);
  cluster.stop();
  EXPECT_EQ(whyNot(home.path()).substr(0, none.size()), none);
}

TEST(RunningCluster, APidFileThatAnotherProcessHasInheritedIsNoServer) {
  const MadeHome home;
  std::ofstream(home.path() / "postgres/data/postmaster.pid") << ::getpid() << "\n/x\n0\n5432\n"
                                                              << (home.path() / "postgres/run").string() << "\n";
  EXPECT_NE(whyNot(home.path()).find("is not running"), std::string::npos) << whyNot(home.path());
}

TEST(RunningCluster, AServerThatDoesNotAnswerIsNamedWithItsProcess) {
  const MadeHome home;
  Cluster cluster = Cluster::start(home.options());
  const pid_t server = serverOf(home);
  ASSERT_EQ(::kill(server, SIGSTOP), 0);
  const std::string said = whyNot(home.path());
  ::kill(server, SIGCONT);
  EXPECT_NE(said.find("(process " + std::to_string(server) + ") does not answer at"), std::string::npos) << said;
}

TEST(RunningCluster, WhoMayNotLookIsToldSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const MadeHome home;
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(1);
    const std::string text = whyNot(home.path());
    ::_exit(::write(said[1], text.data(), text.size()) > 0 ? 0 : 1);
  }
  ::close(said[1]);
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(said[0], text.data(), text.size()))));
  ::close(said[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(text.find("is closed to this user"), std::string::npos) << text;
}

}  // namespace
}  // namespace patchbay::db
