// What stands in the way of a cluster, named before anything is started.
#include <gtest/gtest.h>

#include <fstream>

#include "cluster_test_tools.hpp"
#include "db/cluster/binaries.hpp"
#include "db/cluster/data_dir_lock.hpp"

namespace patchbay::db {
namespace {

bool weAreRoot() {
  return ::geteuid() == 0;
}

TEST(ClusterFiles, ADirectoryThatTheDatabaseUserCannotEnterIsNamed) {
  if (!weAreRoot()) GTEST_SKIP() << "only root runs the database as another user";
  const TemporaryHome home;
  const auto closed = home.path() / "closed";
  std::filesystem::create_directories(closed / "data");
  ASSERT_EQ(::chmod(closed.c_str(), 0700), 0);
  ClusterOptions options = home.options();
  options.data_dir = closed / "data";
  EXPECT_EQ(errorOf(options),
            "the user 'postgres', who runs the embedded database, cannot enter " + closed.string() +
                " on the way to the data directory " + options.data_dir.string() +
                "; choose another data directory (--data-dir /var/lib/patchbay), allow it (chmod o+x " +
                closed.string() + "), or use another database with DATABASE_URL");
}

TEST(ClusterFiles, AnUnknownOrUnfitUserIsNamed) {
  if (!weAreRoot()) GTEST_SKIP() << "only root runs the database as another user";
  const TemporaryHome home;
  ClusterOptions options = home.options();
  options.user = "nosuchuser";
  EXPECT_EQ(
      errorOf(options),
      "the embedded database cannot run as 'nosuchuser': there is no such user; install PostgreSQL (it brings the "
      "user postgres), or name another in database.user");
  options.user = "root";
  EXPECT_EQ(errorOf(options),
            "the embedded database cannot run as 'root': PostgreSQL refuses to run as root; name another user in "
            "database.user");
}

TEST(ClusterFiles, AClusterOfAnotherUserIsNotTouched) {
  if (!weAreRoot()) GTEST_SKIP() << "only root can make directories of others";
  const TemporaryHome home;
  std::filesystem::create_directory(home.path() / "postgres");
  const std::string error = errorOf(home.options());
  EXPECT_EQ(error.substr(0, error.find(',')), (home.path() / "postgres").string() + " belongs to user 0") << error;
}

TEST(ClusterFiles, AFileInTheWayIsNamed) {
  const TemporaryHome home;
  std::ofstream(home.path() / "postgres") << "x";
  EXPECT_EQ(errorOf(home.options()), (home.path() / "postgres").string() + " is not a directory; move it away");
}

TEST(ClusterFiles, SomethingElseInTheDataDirectoryIsNotTouched) {
  const MadeHome home;
  const auto data = home.path() / "postgres/data";
  std::filesystem::remove(data / "PG_VERSION");
  EXPECT_EQ(errorOf(home.options()), data.string() + " is there but is no PostgreSQL cluster; move it away");
  EXPECT_TRUE(std::filesystem::exists(data / "postgresql.conf"));
}

TEST(Binaries, AnEmptyDirectoryIsNamed) {
  const TemporaryHome home;
  ClusterOptions options = home.options();
  options.binaries = home.path();
  EXPECT_EQ(errorOf(options),
            "PostgreSQL's programs initdb and postgres are not in " + home.path().string() +
                " (database.binaries); name the directory that holds them, or leave the key out to search");
}

TEST(Binaries, AnOldVersionIsRefused) {
  const TemporaryHome home;
  for (const char* name : {"initdb", "postgres"}) {
    std::ofstream(home.path() / name) << "#!/bin/sh\necho 'postgres (PostgreSQL) 13.9'\n";
    ASSERT_EQ(::chmod((home.path() / name).c_str(), 0755), 0);
  }
  const ServerUser user = serverUser("postgres");
  try {
    findBinaries(home.path(), 0, user);
    FAIL() << "accepted";
  } catch (const ClusterError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "the embedded database needs PostgreSQL 15 or newer; found 13 in " + home.path().string() +
            ". Install it (on Debian: apt-get install postgresql), name its directory in database.binaries, or use "
            "another database with DATABASE_URL");
  }
  EXPECT_THROW(findBinaries({}, 99, user), ClusterError);
  EXPECT_GE(findBinaries({}, 0, user).major, 15);
}

TEST(Run, KillsWhatTakesTooLong) {
  const ServerUser user = serverUser("postgres");
  EXPECT_THROW(run({{"/bin/sleep", "1000"}}, user, std::chrono::milliseconds(50)), ClusterError);
  EXPECT_THROW(run({{"/nonexistent"}}, user, std::chrono::seconds(60)), ClusterError);
  EXPECT_EQ(run({{"/bin/sh", "-c", "pwd; echo err >&2"}}, user, std::chrono::seconds(60)).output, "/\nerr\n");
}

TEST(DataDirLock, IsGivenBackAtTheEnd) {
  const TemporaryHome home;
  const auto data = home.path() / "new/data";
  {
    const DataDirLock lock(data);
    EXPECT_THROW(DataDirLock{data}, ClusterError);
  }
  const DataDirLock again(data);
  EXPECT_EQ(modeOf(data), 0711U);
}

}  // namespace
}  // namespace patchbay::db
