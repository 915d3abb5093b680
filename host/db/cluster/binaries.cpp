#include "db/cluster/binaries.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/text.hpp"
#include "db/cluster/cluster_error.hpp"

namespace patchbay::db {
namespace {

using Paths = std::vector<std::filesystem::path>;

bool hasPrograms(const std::filesystem::path& directory) {
  return ::access((directory / "initdb").c_str(), X_OK) == 0 && ::access((directory / "postgres").c_str(), X_OK) == 0;
}

void add(Paths& paths, const std::filesystem::path& directory) {
  std::error_code ignored;
  const auto real = std::filesystem::weakly_canonical(directory, ignored);
  if (hasPrograms(real) && std::find(paths.begin(), paths.end(), real) == paths.end()) paths.push_back(real);
}

Paths candidates(const ServerUser& user) {
  Paths paths;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    add(paths, entry.path() / "bin");  // Debian, Ubuntu
  }
  const char* search = std::getenv("PATH");
  for (const auto part : split(search != nullptr ? search : "/usr/bin:/bin", ':')) {
    if (part.empty()) continue;
    add(paths, part);
    const auto tool = std::filesystem::path(part) / "pg_config";
    if (::access(tool.c_str(), X_OK) != 0) continue;
    const auto answer = run({{tool.string(), "--bindir"}}, user, std::chrono::seconds(10));
    if (answer.ok()) add(paths, std::string(trim(answer.output)));
  }
  return paths;
}

/// "postgres (PostgreSQL) 15.18 (Debian ...)" -> 15; 0 when it says something else.
int majorOf(const std::filesystem::path& directory, const ServerUser& user) {
  const auto answer = run({{(directory / "postgres").string(), "--version"}}, user, std::chrono::seconds(10));
  constexpr std::string_view kMark = "(PostgreSQL) ";
  const auto at = answer.output.find(kMark);
  int major = 0;
  if (!answer.ok() || at == std::string::npos) return 0;
  const char* begin = answer.output.data() + at + kMark.size();
  std::from_chars(begin, answer.output.data() + answer.output.size(), major);
  return major;
}

}  // namespace

Binaries findBinaries(const std::filesystem::path& directory, int major, const ServerUser& user) {
  if (!directory.empty() && !hasPrograms(directory)) {
    throw ClusterError("PostgreSQL's programs initdb and postgres are not in " + directory.string() +
                       " (database.binaries); name the directory that holds them, or leave the key out to search");
  }
  const Paths paths = directory.empty() ? candidates(user) : Paths{directory};
  Binaries best;
  std::string seen;
  for (const auto& path : paths) {
    const int found = majorOf(path, user);
    seen += (seen.empty() ? "" : ", ") + std::to_string(found) + " in " + path.string();
    const bool fits = found >= kOldestPostgres && (major == 0 || found == major);
    if (fits && found > best.major) best = {path, found};
  }
  if (best.major != 0) return best;
  const std::string wanted = major != 0 ? std::to_string(major) : std::to_string(kOldestPostgres) + " or newer";
  throw ClusterError("the embedded database needs PostgreSQL " + wanted +
                     (major != 0 ? ", which made the existing cluster" : "") + "; found " +
                     (seen.empty() ? "none" : seen) +
                     ". Install it (on Debian: apt-get install postgresql), name its directory in database.binaries, " +
                     "or use another database with DATABASE_URL");
}

}  // namespace patchbay::db
