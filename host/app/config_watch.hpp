/// Tells when the configuration file, or a connector, has changed on disk.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace patchbay::app {

/// Watches folders, not files: editors and deployment tools replace a file by renaming another over it, and Kubernetes
/// by turning a symbolic link on the way to it. What counts in the end is whether the content differs. For one thread.
class ConfigWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// Writers take their time: this long nothing must happen before the file is looked at ...
  static constexpr std::chrono::milliseconds kSettle{300};
  /// ... but something that never rests is looked at this long after its first event.
  static constexpr std::chrono::milliseconds kPatience{3000};

  /// @param file        the configuration; may be missing for now
  /// @param connectors  folders and libraries; a folder's *.so files count
  /// @throws std::system_error  the system gives no inotify instance
  ConfigWatch(std::string file, std::vector<std::string> connectors);
  ~ConfigWatch();
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  /// For poll(): readable when something happened; then call take().
  int descriptor() const { return inotify_; }
  void take();

  /// When to ask changed(); nothing while all is quiet.
  std::optional<Clock::time_point> due() const { return due_; }
  /// Is the content another one than at the last call, or at seen()? Follows links that have turned.
  bool changed();
  /// What is there now is known: somebody else has just read it.
  void seen();
  /// From now on the connectors are elsewhere. That alone is no change.
  void setConnectors(std::vector<std::string> connectors);

 private:
  void watchFolders();

  const std::string file_;
  std::vector<std::string> connectors_;
  const int inotify_;
  std::map<int, std::string> folders_;  // by watch descriptor
  std::string content_;                 // digest of the file
  std::string libraries_;               // their versions
  std::optional<Clock::time_point> first_;
  std::optional<Clock::time_point> due_;
};

}  // namespace patchbay::app
