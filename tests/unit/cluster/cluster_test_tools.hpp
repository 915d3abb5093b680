#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "db/cluster/cluster.hpp"
#include "db/cluster/process.hpp"

namespace patchbay::db {

/// A fresh directory that the database's user can reach, also when we are root; gone at the end.
class TemporaryHome {
 public:
  TemporaryHome() {
    std::string name = "/tmp/patchbay-cluster-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr || ::chmod(name.c_str(), 0711) != 0) throw std::runtime_error("no " + name);
    path_ = name;
  }
  ~TemporaryHome() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryHome(const TemporaryHome&) = delete;
  TemporaryHome& operator=(const TemporaryHome&) = delete;

  const std::filesystem::path& path() const { return path_; }
  ClusterOptions options() const {
    ClusterOptions options;
    options.data_dir = path_;
    return options;
  }

 private:
  std::filesystem::path path_;
};

/// First value of the answer; the error as text when the statement fails.
inline std::string query(const Cluster& cluster, const std::string& sql) {
  PGconn* connection = PQconnectdb(cluster.connectionString().c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  std::string value = PQresultErrorMessage(result);
  if (PQntuples(result) > 0) value = PQgetvalue(result, 0, 0);
  if (PQstatus(connection) != CONNECTION_OK) value = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  return value;
}

inline std::string errorOf(const ClusterOptions& options) {
  try {
    Cluster::start(options).stop();
  } catch (const ClusterError& error) {
    return error.what();
  }
  return "started";
}

inline unsigned modeOf(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0U;
}

/// A home with a cluster that was made and stopped: copied from one that is made once per run, since initdb takes
/// seconds.
class MadeHome : public TemporaryHome {
 public:
  MadeHome() {
    static const TemporaryHome master;
    static const bool made = [] {
      Cluster::start(master.options()).stop();
      return true;
    }();
    const std::string copy = "cp -a " + (master.path() / "postgres").string() + " " + path().string();
    if (!made || std::system(copy.c_str()) != 0) throw std::runtime_error("cp failed");
  }
};

/// Waits for something that happens soon, or fails the test.
template <class Condition>
void waitFor(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

inline pid_t serverOf(const TemporaryHome& home) {
  pid_t pid = 0;
  std::ifstream(home.path() / "postgres/data/postmaster.pid") >> pid;
  return pid;
}

/// Not gone, and not a zombie that nobody has buried yet.
inline bool runs(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return in >> number >> name >> state && state != "Z" && state != "X";
}

/// A host process of its own that has started a cluster and waits to be killed. 0 when it could not.
inline pid_t forkHost(const TemporaryHome& home) {
  int started[2];
  if (::pipe(started) != 0) return 0;
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      const Cluster cluster = Cluster::start(home.options());
      if (::write(started[1], "1", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    } catch (const std::exception&) {
    }
    ::_exit(1);
  }
  ::close(started[1]);
  char byte = 0;
  const bool up = ::read(started[0], &byte, 1) == 1;
  ::close(started[0]);
  return up ? pid : 0;
}

/// Some process of the user that runs the database.
class Bystander {
 public:
  Bystander() : user_(serverUser("postgres")), pid_(spawn({{"/bin/sleep", "1000"}}, user_, STDERR_FILENO)) {}
  ~Bystander() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  pid_t pid() const { return pid_; }
  void own(const std::filesystem::path& file) const {
    if (user_.switched && ::chown(file.c_str(), user_.uid, user_.gid) != 0) throw std::runtime_error("chown");
    if (::chmod(file.c_str(), 0600) != 0) throw std::runtime_error("chmod");
  }

 private:
  ServerUser user_;
  pid_t pid_;
};

}  // namespace patchbay::db
