#include "app/config_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include "base/crypto.hpp"
#include "base/log.hpp"

namespace patchbay::app {
namespace fs = std::filesystem;
namespace {

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr int kLinks = 16;  // that are followed on the way to a file

fs::path folderOf(const fs::path& path) {
  const auto folder = path.parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

/// The folders in which something may happen to `path`: its own, and those of the links that lead to it.
void addFolders(fs::path path, std::set<std::string>& folders) {
  std::error_code ignored;
  for (int i = 0; i < kLinks; ++i) {
    folders.insert(folderOf(path).string());
    if (!fs::is_symlink(path, ignored)) return;
    const auto target = fs::read_symlink(path, ignored);
    path = target.is_absolute() ? target : folderOf(path) / target;
  }
}

/// Changes whenever the file is replaced or written; empty when there is none.
std::string versionOf(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  std::string version = path;
  for (const auto part :
       {static_cast<long long>(status.st_ino), static_cast<long long>(status.st_size),
        static_cast<long long>(status.st_mtim.tv_sec), static_cast<long long>(status.st_mtim.tv_nsec)})
    version += " " + std::to_string(part);
  return version + "\n";
}

std::string versionsOf(const std::vector<std::string>& places) {
  std::set<std::string> libraries;
  for (const auto& place : places) {
    std::error_code error;
    if (!fs::is_directory(place, error)) libraries.insert(place);
    for (fs::directory_iterator at(place, error), end; !error && at != end; at.increment(error))
      if (at->path().extension() == ".so") libraries.insert(at->path().string());
  }
  std::string versions;
  for (const auto& library : libraries) versions += versionOf(library);
  return versions;
}

std::string digestOf(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string content = in ? "+" : "-";
  content.append(std::istreambuf_iterator<char>(in), {});
  return crypto::digest(crypto::Hash::kSha256, content);
}

}  // namespace

ConfigWatch::ConfigWatch(std::string file, std::vector<std::string> connectors)
    : file_(std::move(file)), connectors_(std::move(connectors)), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_ < 0) throw std::system_error(errno, std::generic_category(), "inotify");
  seen();
}

ConfigWatch::~ConfigWatch() {
  ::close(inotify_);
}

void ConfigWatch::watchFolders() {
  std::set<std::string> wanted;
  addFolders(file_, wanted);
  std::error_code ignored;
  for (const auto& place : connectors_)
    wanted.insert(fs::is_directory(place, ignored) ? place : folderOf(place).string());
  std::map<int, std::string> watched;
  for (const auto& folder : wanted) {
    // The same folder again gives the same descriptor; one that has moved away under its name gives a new one.
    const int watch = ::inotify_add_watch(inotify_, folder.c_str(), kEvents | IN_ONLYDIR);
    if (watch >= 0)
      watched[watch] = folder;
    else
      log::warn("config", "a folder cannot be watched",
                {{"folder", folder}, {"reason", std::generic_category().message(errno)}});
  }
  for (const auto& [watch, folder] : folders_)
    if (!watched.contains(watch)) ::inotify_rm_watch(inotify_, watch);
  folders_ = std::move(watched);
}

void ConfigWatch::take() {
  alignas(inotify_event) char buffer[16384];
  bool any = false;
  while (::read(inotify_, buffer, sizeof buffer) > 0) any = true;  // what happened is no matter: the content decides
  if (!any) return;
  const auto now = Clock::now();
  if (!first_) first_ = now;
  due_ = std::min(now + kSettle, *first_ + kPatience);
}

bool ConfigWatch::changed() {
  const auto content = content_;
  const auto libraries = libraries_;
  seen();
  return content_ != content || libraries_ != libraries;
}

void ConfigWatch::seen() {
  first_.reset();
  due_.reset();
  watchFolders();  // before the look: what happens from here on is told
  content_ = digestOf(file_);
  libraries_ = versionsOf(connectors_);
}

void ConfigWatch::setConnectors(std::vector<std::string> connectors) {
  if (connectors == connectors_) return;
  connectors_ = std::move(connectors);
  watchFolders();
  libraries_ = versionsOf(connectors_);
}

}  // namespace patchbay::app
