#include "db/lane.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/log.hpp"

namespace patchbay::db {
namespace {

constexpr Statement kBegin{"transaction.begin", "BEGIN"};
constexpr Statement kCommit{"transaction.commit", "COMMIT"};
constexpr Statement kLock{"stream.lock", "SELECT seq FROM {tenant}.pb_stream FOR UPDATE"};
constexpr Statement kAppend{
    "stream.append",
    "INSERT INTO {tenant}.pb_events (seq, type, occurred_at, actor, data) "
    "SELECT $1 + e.n, e.type, $2, e.actor, e.data "
    "FROM unnest($3::text[], $4::jsonb[], $5::jsonb[]) WITH ORDINALITY AS e (type, actor, data, n)"};
constexpr Statement kAdvance{"stream.advance", "UPDATE {tenant}.pb_stream SET seq = $1"};

constexpr std::chrono::milliseconds kReconnectPause{250};

/// A lane's statements take arrays and look up by key. Planning them anew for each batch cost more than executing them,
/// and a plan that was made while a tenant's tables were empty would read them whole when they have grown.
Connection::Options byKey(Connection::Options options) {
  options.by_key = true;
  return options;
}

std::string actorJson(const Actor& actor) {
  return dumpJson(Json{{"kind", actor.kind},
                       {"id", actor.id.empty() ? Json() : Json(actor.id)},
                       {"name", actor.name.empty() ? Json() : Json(actor.name)}});
}

}  // namespace

TenantWrite::TenantWrite(Connection& connection, const SchemaName& schema, std::string slug, Timestamp now)
    : connection_(connection), schema_(schema), slug_(std::move(slug)), now_(now), lock_index_(connection.queued()) {
  queue(kLock);
}

Rows TenantWrite::query(const Statement& statement, Params params) {
  queue(statement, std::move(params));
  return std::move(flush().back());
}

std::vector<Rows> TenantWrite::flush() {
  auto rows = connection_.flush();
  if (!last_seq_) {
    const Rows& stream = rows.at(lock_index_);
    if (stream.empty()) throw std::logic_error("tenant " + slug_ + " has no row in pb_stream");
    last_seq_ = stream.int8(0, 0);
  }
  return rows;
}

void TenantWrite::queue(const Statement& statement, Params params) {
  connection_.queue(statement, &schema_, std::move(params));
}

void TenantWrite::event(std::string_view type, const Actor& actor, std::string data) {
  types_.emplace_back(type);
  actors_.push_back(actorJson(actor));
  datas_.push_back(std::move(data));
}

void TenantWrite::finish() {
  if (types_.empty()) return;
  if (!last_seq_) flush();
  queue(kAppend, Params().int8(*last_seq_).timestamp(now_).textArray(types_).jsonbArray(actors_).jsonbArray(datas_));
  queue(kAdvance, Params().int8(*last_seq_ + static_cast<std::int64_t>(types_.size())));
}

Lane::Lane(Connection::Options connection, LaneOptions options, std::shared_ptr<LaneTimes> times)
    : connection_options_(byKey(std::move(connection))),
      options_(options),
      times_(times ? std::move(times) : std::make_shared<LaneTimes>()),
      thread_([this] { loop(); }) {}

Lane::~Lane() {
  stop();
}

void Lane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Lane::submit(std::unique_ptr<LaneJob> job) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.max_queued) {
      ++stats_.refused;
      return false;
    }
    wake = queue_.empty();
    queue_.push_back(std::move(job));
  }
  if (wake) changed_.notify_one();
  return true;
}

void Lane::countEvents(std::size_t events) {
  const std::lock_guard lock(mutex_);
  stats_.events += events;
}

LaneStats Lane::stats() const {
  const std::lock_guard lock(mutex_);
  LaneStats copy = stats_;
  copy.queued = queue_.size();
  return copy;
}

void Lane::loop() {
  for (;;) {
    Jobs batch = takeJobs();
    if (!batch.empty()) {
      runBatch(std::move(batch));
    } else if (!sent_.empty()) {
      settle();
    } else {
      return;  // stopping, and nothing is left
    }
  }
}

/// Waits for jobs, but not while a COMMIT is under way: then nothing, or a few, are taken.
Lane::Jobs Lane::takeJobs() {
  Jobs batch;
  std::unique_lock lock(mutex_);
  if (sent_.empty()) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  } else if (queue_.size() > options_.overlap_up_to) {
    return batch;
  }
  // In order of arrival, up to the limits. A job whose tenant would be one too many waits for the next batch, and
  // so does everything of its tenant: the order within a tenant holds.
  std::vector<std::string_view> tenants;
  auto taken = queue_.begin();
  for (; taken != queue_.end() && batch.size() < options_.max_batch; ++taken) {
    const std::string_view slug = (*taken)->slug();
    if (std::find(tenants.begin(), tenants.end(), slug) == tenants.end()) {
      if (tenants.size() == options_.max_tenants) break;
      tenants.push_back(slug);
    }
    batch.push_back(std::move(*taken));
  }
  queue_.erase(queue_.begin(), taken);
  lock.unlock();
  std::stable_sort(batch.begin(), batch.end(), [](const auto& a, const auto& b) { return a->slug() < b->slug(); });
  return batch;
}

bool Lane::connect() {
  if (connection_ && !connection_->broken()) return true;
  if (std::chrono::steady_clock::now() < next_connect_) return false;  // callers get their 503 at once while it lasts
  try {
    connection_ = std::make_unique<Connection>(connection_options_);
    return true;
  } catch (const Unavailable& error) {
    log::warn("db", "lane cannot connect", {{"reason", error.what()}});
    connection_.reset();
    next_connect_ = std::chrono::steady_clock::now() + kReconnectPause;
    return false;
  }
}

/// One transaction over `jobs`, which are sorted by tenant. Throws what the database throws. `committed` is told of the
/// end of it later; without it this waits for the end.
void Lane::runAll(std::span<const std::unique_ptr<LaneJob>> jobs, std::function<void(std::exception_ptr)> committed) {
  const Timestamp started = now();
  batch_events_ = 0;
  connection_->queue(kBegin, nullptr);
  for (std::size_t from = 0; from < jobs.size();) {
    const std::string& slug = jobs[from]->slug();
    std::size_t to = from;
    while (to < jobs.size() && jobs[to]->slug() == slug) ++to;
    const auto schema = SchemaName::fromSlug(slug);
    if (!schema) throw std::logic_error("job for a tenant whose slug was never checked: " + slug);
    TenantWrite write(*connection_, *schema, slug, started);
    std::vector<LaneJob*> tenant_jobs;
    for (std::size_t i = from; i < to; ++i) tenant_jobs.push_back(jobs[i].get());
    for (std::size_t i = 0; i < tenant_jobs.size();) {
      std::size_t end = i + 1;
      const void* group = tenant_jobs[i]->group();
      while (group && end < tenant_jobs.size() && tenant_jobs[end]->group() == group) ++end;
      tenant_jobs[i]->run(write, std::span(tenant_jobs).subspan(i, end - i));
      i = end;
    }
    write.finish();
    batch_events_ += write.types_.size();
    from = to;
  }
  connection_->queue(kCommit, nullptr);
  committing_ = true;
  if (committed) {
    connection_->send(std::move(committed));
  } else {
    connection_->flush();
  }
}

/// Runs `jobs` in one transaction and says how that ended. With `committed` it is told later how the COMMIT ended, if
/// it could be sent (kCommitted).
Lane::Ending Lane::transact(std::span<const std::unique_ptr<LaneJob>> jobs,
                            std::function<void(std::exception_ptr)> committed) {
  for (int attempt = 0;; ++attempt) {
    if (!connect()) return {LaneJob::Outcome::kUnavailable, "no connection to the database"};
    committing_ = false;
    try {
      runAll(jobs, committed);
      if (!committed) countEvents(batch_events_);
      return {LaneJob::Outcome::kCommitted, {}};
    } catch (const EarlierFailed&) {
      settle();  // concludes the batch before; this one has done nothing wrong
      --attempt;
    } catch (const Unavailable& error) {
      const bool lost = connection_->broken();
      log::warn("db", lost ? "lane lost its connection" : "lane cannot write now", {{"reason", error.what()}});
      settle();
      if (!lost) connection_->rollback();
      // A connection that went stale while idle fails at its first use: a second try is not the caller's business.
      // After COMMIT has left, nobody knows whether the batch is durable, and running it again could write it twice.
      if ((lost && committing_) || attempt > 0) return {LaneJob::Outcome::kUnavailable, error.what()};
    } catch (const std::exception& error) {
      settle();
      connection_->rollback();
      return {LaneJob::Outcome::kFailed, error.what()};
    }
  }
}

/// The answer to the COMMIT of sent_. Called inside a flush of the next batch, so what needs the connection waits for
/// settle().
void Lane::committed(std::exception_ptr failure) {
  if (!failure) {
    const auto at = std::chrono::steady_clock::now();
    times_->batch_jobs.observe(static_cast<double>(sent_.size()));
    times_->batch_seconds.observe(std::chrono::duration<double>(at - sent_started_).count());
    times_->commit_seconds.observe(std::chrono::duration<double>(at - commit_sent_).count());
    countEvents(sent_events_);
    return conclude(std::exchange(sent_, {}), {LaneJob::Outcome::kCommitted, {}});
  }
  try {
    std::rethrow_exception(failure);
  } catch (const SqlError& error) {
    sent_refused_ = Ending{LaneJob::Outcome::kFailed, error.what()};
  } catch (const std::exception& error) {
    sent_refused_ = Ending{LaneJob::Outcome::kUnavailable, error.what()};
  }
}

/// Waits for the COMMIT that is under way and concludes its batch.
void Lane::settle() {
  if (connection_) connection_->settle();
  if (!sent_refused_) return;
  const Jobs jobs = std::exchange(sent_, {});
  Ending whole = *std::exchange(sent_refused_, std::nullopt);
  const bool lost = connection_->broken();
  if (!lost) connection_->rollback();
  // A passing condition, and the connection still knows that nothing was written: once more.
  if (whole.outcome == LaneJob::Outcome::kUnavailable && !lost) whole = transact(jobs, {});
  conclude(jobs, whole);
}

void Lane::end(LaneJob& job, const Ending& ending) {
  if (ending.outcome == LaneJob::Outcome::kFailed)
    log::error("db", "job refused", {{"tenant", job.slug()}, {"reason", ending.error}});
  job.finish(ending.outcome, ending.error);
  if (ending.outcome == LaneJob::Outcome::kCommitted) return;
  const std::lock_guard lock(mutex_);
  stats_.failed += ending.outcome == LaneJob::Outcome::kFailed ? 1 : 0;
  stats_.unavailable += ending.outcome == LaneJob::Outcome::kUnavailable ? 1 : 0;
}

/// Answers the callers of a batch, after `whole` became of it.
void Lane::conclude(const Jobs& jobs, const Ending& whole) {
  const bool split = whole.outcome == LaneJob::Outcome::kFailed && jobs.size() > 1;
  if (split) {
    // One of them was refused and took its neighbours with it. Alone, each gets what it deserves.
    for (const auto& job : jobs) end(*job, transact(std::span(&job, 1), {}));
  } else {
    for (const auto& job : jobs) end(*job, whole);
  }
  const std::lock_guard lock(mutex_);
  stats_.batches += 1;
  stats_.jobs += jobs.size();
  stats_.replayed += split ? jobs.size() : 0;
}

void Lane::runBatch(Jobs jobs) {
  const auto started = std::chrono::steady_clock::now();
  const Ending ending = transact(jobs, [this](std::exception_ptr failure) { committed(failure); });
  if (ending.outcome != LaneJob::Outcome::kCommitted) return conclude(jobs, ending);
  sent_ = std::move(jobs);
  sent_started_ = started;
  sent_events_ = batch_events_;
  commit_sent_ = std::chrono::steady_clock::now();
}

Lanes::Lanes(Connection::Options connection, LaneOptions options, std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i)
    lanes_.push_back(std::make_unique<Lane>(connection, options, times_));
}

bool Lanes::submit(std::unique_ptr<LaneJob> job) {
  return lanes_[std::hash<std::string>{}(job->slug()) % lanes_.size()]->submit(std::move(job));
}

void Lanes::stop() {
  for (const auto& lane : lanes_) lane->stop();
}

LaneStats Lanes::stats() const {
  LaneStats sum;
  for (const auto& lane : lanes_) {
    const LaneStats one = lane->stats();
    sum.batches += one.batches;
    sum.jobs += one.jobs;
    sum.failed += one.failed;
    sum.replayed += one.replayed;
    sum.unavailable += one.unavailable;
    sum.queued += one.queued;
    sum.refused += one.refused;
    sum.events += one.events;
  }
  return sum;
}

}  // namespace patchbay::db
