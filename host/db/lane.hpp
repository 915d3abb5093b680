/// Lanes: where everything that makes an event for a tenant is written.
///
/// A lane is one thread with one connection. It takes all jobs that wait, runs them in ONE transaction and answers
/// their callers after COMMIT (group commit): while one batch commits, the next gathers. When only a few jobs wait, the
/// lane does not sit out the commit: the first statements of the next batch follow it on the wire, and the server goes
/// on with them while the first batch's callers are answered. (When many wait the machine is busy anyway, and larger
/// batches are worth more.) The first statement of a tenant locks its row in pb_stream, which is the tenant's write
/// lock across lanes and hosts: from then on what a job reads cannot change under it, so check-then-write is free of
/// races, and `seq` has no gaps and follows commit order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/histogram.hpp"
#include "base/result.hpp"
#include "db/connection.hpp"

namespace patchbay::db {

/// Who made an event happen; rendered into the stream and into messages.
struct Actor {
  std::string kind;  ///< user, service, contact, system
  std::string id;
  std::string name;
};

/// The open transaction, seen from one tenant's jobs.
class TenantWrite {
 public:
  /// Queues the lock of the tenant's stream: it goes out in front of the first statements of its jobs.
  TenantWrite(Connection& connection, const SchemaName& schema, std::string slug, Timestamp now);

  /// One round trip, together with everything queued before.
  Rows query(const Statement& statement, Params params = {});
  /// Several statements in one round trip: queue all but the last, then read all with flush().
  void queue(const Statement& statement, Params params = {});
  std::vector<Rows> flush();

  /// One event of the tenant's stream, with the next seq. `data` is JSON text.
  void event(std::string_view type, const Actor& actor, std::string data);

  Timestamp now() const { return now_; }  ///< of the batch; all its rows carry it
  const std::string& slug() const { return slug_; }
  const SchemaName& schema() const { return schema_; }

 private:
  friend class Lane;
  void finish();  // queues the events and the new seq

  Connection& connection_;
  const SchemaName& schema_;
  std::string slug_;
  Timestamp now_;
  std::size_t lock_index_;                // of the lock in the answer to the first flush()
  std::optional<std::int64_t> last_seq_;  // known once the lock is held
  std::vector<std::string> types_, actors_, datas_;
};

/// A piece of writing for one tenant.
class LaneJob {
 public:
  enum class Outcome {
    kCommitted,
    kUnavailable,  ///< the database went away; nothing is known to be written (a COMMIT whose answer was lost may be)
    kFailed,       ///< this job alone was refused (SqlError or another exception); nothing of it was written
  };

  explicit LaneJob(std::string slug) : slug_(std::move(slug)) {}
  virtual ~LaneJob() = default;

  const std::string& slug() const { return slug_; }

  /// Jobs of one tenant that wait next to each other with the same non-null group run as one: run() of the first gets
  /// all.
  virtual const void* group() const { return nullptr; }

  /// Lane thread, inside the transaction. May be called again after a rollback, so it starts from its inputs each time.
  /// A "no" of the domain is not an exception: remember it, write nothing, return.
  virtual void run(TenantWrite& write, std::span<LaneJob* const> jobs) = 0;

  /// Lane thread, after COMMIT or failure; once. Must not block or throw.
  virtual void finish(Outcome outcome, const std::string& error) noexcept = 0;

 private:
  std::string slug_;
};

struct LaneOptions {
  std::size_t max_queued = 8192;   ///< jobs; over it submit() says no
  std::size_t max_batch = 512;     ///< jobs of one transaction
  std::size_t max_tenants = 16;    ///< of one transaction, in order of their names: two hosts never lock crosswise
  std::size_t overlap_up_to = 32;  ///< jobs that wait: so few do not wait for the COMMIT before them; 0: never overlap
};

/// Shared by the lanes of a host.
struct LaneTimes {
  Histogram batch_jobs{kCountBuckets};  ///< of one transaction
  Histogram batch_seconds;              ///< from its first statement to the answer to its COMMIT
  Histogram commit_seconds;             ///< from sending COMMIT to its answer
};

struct LaneStats {
  std::uint64_t batches = 0, jobs = 0, failed = 0, replayed = 0, unavailable = 0, refused = 0, queued = 0;
  std::uint64_t events = 0;  ///< written into streams, all tenants
};

class Lane {
 public:
  Lane(Connection::Options connection, LaneOptions options, std::shared_ptr<LaneTimes> times = nullptr);
  ~Lane();  ///< stop()

  /// Takes nothing more, finishes what is queued, and waits for that. Once is enough; not from a lane's own thread.
  void stop();

  /// @return false when the queue is full or the lane stops: the caller answers 503. Any thread.
  bool submit(std::unique_ptr<LaneJob> job);
  LaneStats stats() const;

 private:
  using Jobs = std::vector<std::unique_ptr<LaneJob>>;
  struct Ending {
    LaneJob::Outcome outcome;
    std::string error;
  };
  void loop();
  Jobs takeJobs();
  void runBatch(Jobs jobs);
  Ending transact(std::span<const std::unique_ptr<LaneJob>> jobs, std::function<void(std::exception_ptr)> committed);
  void runAll(std::span<const std::unique_ptr<LaneJob>> jobs, std::function<void(std::exception_ptr)> committed);
  void committed(std::exception_ptr failure);
  void settle();
  void conclude(const Jobs& jobs, const Ending& whole);
  void end(LaneJob& job, const Ending& ending);
  bool connect();
  void countEvents(std::size_t events);

  const Connection::Options connection_options_;
  const LaneOptions options_;
  std::unique_ptr<Connection> connection_;                // lane thread only
  std::chrono::steady_clock::time_point next_connect_{};  // lane thread only
  bool committing_ = false;                               // lane thread only: COMMIT has been sent
  Jobs sent_;  // lane thread only: their COMMIT is under way, and they are not answered yet
  std::chrono::steady_clock::time_point sent_started_{}, commit_sent_{};  // lane thread only: of sent_
  std::size_t batch_events_ = 0, sent_events_ = 0;  // lane thread only: events of the batch in work, of sent_
  const std::shared_ptr<LaneTimes> times_;
  std::optional<Ending>
      sent_refused_;  // lane thread only: how that ended, when not well; sent_ is still to be concluded
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<LaneJob>> queue_;  // guarded by mutex_
  LaneStats stats_;                             // guarded by mutex_
  bool stopping_ = false;                       // guarded by mutex_
  std::thread thread_;
};

/// The lanes of a host; a tenant always goes to the same one.
class Lanes {
 public:
  Lanes(Connection::Options connection, LaneOptions options, std::size_t count);

  bool submit(std::unique_ptr<LaneJob> job);
  LaneStats stats() const;
  const LaneTimes& times() const { return *times_; }
  void stop();  ///< every lane's stop()

  /// Runs `work` in the tenant's lane and calls `done` with what it returned, after COMMIT, on the lane's thread. When
  /// nothing could be written, `done` gets an Error of kind kUnavailable: code "database_unavailable", or "internal"
  /// when this job was refused by the database.
  template <class T>
  void post(std::string slug, std::function<Result<T>(TenantWrite&)> work, std::function<void(Result<T>)> done);

  /// post() and wait; for threads that may block.
  template <class T>
  Result<T> call(std::string slug, std::function<Result<T>(TenantWrite&)> work,
                 std::chrono::milliseconds patience = std::chrono::seconds{10});

 private:
  const std::shared_ptr<LaneTimes> times_ = std::make_shared<LaneTimes>();
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace patchbay::db

#include "db/lane_call.hpp"
