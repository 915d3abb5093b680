/// A connector's instance, wherever its turns run: in this process, or in a worker.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "connectors/worker/stimulus.hpp"

namespace patchbay::connectors {

class Library;

/// What became of a channel's worker since start; `up` and `off` are now.
struct WorkerStats {
  std::uint64_t starts = 0;
  std::uint64_t turns = 0;        ///< that ended with an answer, whatever it was
  std::uint64_t crashes = 0;      ///< it died, system calls that the sandbox forbids included
  std::uint64_t overruns = 0;     ///< it did not answer in time and was killed
  std::uint64_t violations = 0;   ///< it sent what no worker sends, and was killed
  std::uint64_t not_started = 0;  ///< turns that were refused because no worker could be had
  std::uint64_t up = 0;           ///< workers that live
  std::uint64_t off = 0;          ///< channels that are off for a while after crashes in a row

  WorkerStats& operator+=(const WorkerStats& other);
};

/// How much one instance may log: 100 lines at once, 10 a second in the long run. Thread-safe.
class LogAllowance {
 public:
  /// @param left_out  lines that were refused since the last one that was not
  bool take(std::chrono::steady_clock::time_point now, std::uint64_t& left_out);

 private:
  std::mutex mutex_;
  double lines_ = kBurst;  // guarded by mutex_
  std::chrono::steady_clock::time_point filled_{};
  std::uint64_t left_out_ = 0;
  static constexpr double kBurst = 100;
  static constexpr double kPerSecond = 10;
};

/// An instance's lines in the host's log. Thread-safe.
class ConnectorLog {
 public:
  /// @param who  "tenant/channel"
  explicit ConnectorLog(std::string who) : who_(std::move(who)) {}
  const std::string& who() const { return who_; }
  /// For the host's own lines about the instance.
  log::Ids ids() const;
  void write(std::uint32_t severity, std::string_view text) noexcept;

 private:
  const std::string who_;
  LogAllowance allowance_;
};

/// Thread-safe.
class Instance {
 public:
  virtual ~Instance() = default;

  virtual bool has(TurnKind kind) const = 0;
  /// @param stimulus  of a kind that it has, not kCreate
  virtual Turn run(const Stimulus& stimulus, const TurnContext& context) = 0;

  /// Why it takes no turns for the moment; empty: it does.
  virtual std::string off() const { return {}; }
  virtual std::optional<WorkerStats> workerStats() const { return std::nullopt; }
};

/// What creating an instance came to: the turn, and with it ok() the instance.
struct Created {
  Turn turn;
  std::unique_ptr<Instance> instance;
};

/// In this process.
/// @param who      "tenant/channel", for the log
/// @param context  JSON for the connector's create
Created createInProcess(std::shared_ptr<Library> library, const std::string& who, const std::string& context,
                        const TurnContext& turn);

}  // namespace patchbay::connectors
