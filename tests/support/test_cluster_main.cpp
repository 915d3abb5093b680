// patchbay-test-cluster start|stop|url DIR: the PostgreSQL that the tests of one build tree share.
//
// `start` makes, starts or adopts the cluster, leaves it running and writes its connection string to DIR.url;
// `stop` stops it; `url` prints the connection string. By hand: start, run a test executable, stop.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/crypto.hpp"
#include "db/cluster/cluster.hpp"
#include "db/cluster/process.hpp"

namespace {

using patchbay::db::Cluster;
using patchbay::db::ClusterOptions;

std::string urlFile(const std::string& directory) {
  return directory + ".url";
}

/// As root the server runs as another user, who often cannot enter a build tree below /root or a home.
std::filesystem::path place(const std::filesystem::path& directory, const ClusterOptions& options) {
  if (patchbay::db::unreachablePart(directory, patchbay::db::serverUser(options.user)).empty()) return directory;
  const auto digest = patchbay::crypto::digest(patchbay::crypto::Hash::kSha256, directory.native());
  return "/tmp/patchbay-test-cluster-" + patchbay::crypto::hexEncode(digest).substr(0, 16);
}

int start(const std::string& directory, const ClusterOptions& options) {
  Cluster cluster = Cluster::start(options);
  std::ofstream(urlFile(directory)) << cluster.connectionString("patchbay") << "\n";
  std::printf("%s\n", cluster.connectionString("patchbay").c_str());
  cluster.leaveRunning();
  return 0;
}

int stop(const std::string& directory, const ClusterOptions& options) {
  std::filesystem::remove(urlFile(directory));
  if (std::filesystem::exists(options.data_dir)) Cluster::start(options).stop();
  return 0;
}

int url(const std::string& directory) {
  std::string line;
  std::ifstream in(urlFile(directory));
  if (!std::getline(in, line)) {
    std::fprintf(stderr, "the test cluster of %s is not running; start it with: patchbay-test-cluster start %s\n",
                 directory.c_str(), directory.c_str());
    return 1;
  }
  std::printf("%s\n", line.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc == 3 ? argv[1] : "";
  if (command != "start" && command != "stop" && command != "url") {
    std::fprintf(stderr, "usage: patchbay-test-cluster start|stop|url DIR\n");
    return 2;
  }
  try {
    const std::string directory = std::filesystem::absolute(argv[2]).lexically_normal().string();
    if (command == "url") return url(directory);
    ClusterOptions options;
    options.data_dir = place(directory, options);
    return command == "start" ? start(directory, options) : stop(directory, options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
