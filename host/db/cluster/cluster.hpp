/// The embedded database: a private PostgreSQL cluster that the host makes, starts, adopts and stops.
///
/// It listens on a Unix socket in a directory that only its user can enter, and nowhere else. After kill -9 of the host
/// it goes on; the next start finds it by its pid file, checks that it is the one, and adopts it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "db/cluster/cluster_error.hpp"

namespace patchbay::db {

struct ClusterOptions {
  std::filesystem::path data_dir;  ///< the host's; the cluster lives in <data_dir>/postgres
  std::filesystem::path binaries;  ///< directory of initdb and postgres; empty: search
  std::string user = "postgres";   ///< who runs the server when we are root; otherwise it is the user we are
  std::chrono::milliseconds start_limit{std::chrono::seconds{60}};  ///< recovery after a crash of the machine included
  std::chrono::milliseconds stop_limit{std::chrono::seconds{20}};   ///< for a fast shutdown; then an immediate one
};

class Cluster {
 public:
  /// Makes the cluster on the first start, adopts a running one, otherwise starts it; returns when it answers and the
  /// database "patchbay" exists. Holds the DataDirLock. Blocks for about a second (the first start: a few).
  /// @throws ClusterError
  static Cluster start(const ClusterOptions& options);

  /// stop(), with errors logged. Nothing after leaveRunning().
  ~Cluster();
  Cluster(Cluster&&) noexcept;
  Cluster& operator=(Cluster&&) = delete;

  /// For libpq: key/value form, with the socket's directory as host.
  std::string connectionString(std::string_view database = "patchbay") const;

  /// Whether the server's process lives. Any thread.
  bool alive() const;

  /// Starts the server again when it is not alive. Any thread; one at a time.
  /// @return whether it had to.
  /// @throws ClusterError
  bool ensureRunning();

  /// Fast shutdown: sessions end, everything is on disk. After the limit: an immediate one (recovery at the next
  /// start). Idempotent.
  /// @throws ClusterError  the server does not end.
  void stop();

  /// The server stays when this object goes, as after kill -9.
  void leaveRunning();

  /// Whether start() found it running.
  bool adopted() const;

 private:
  class Impl;
  explicit Cluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::db
