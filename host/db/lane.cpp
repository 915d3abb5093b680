#include "db/lane.hpp"

#include <algorithm>
#include <functional>

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

Lane::Lane(Connection::Options connection, LaneOptions options)
    : connection_options_(byKey(std::move(connection))), options_(options), thread_([this] { loop(); }) {}

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
    if (stopping_ || queue_.size() >= options_.max_queued) return false;
    wake = queue_.empty();
    queue_.push_back(std::move(job));
  }
  if (wake) changed_.notify_one();
  return true;
}

LaneStats Lane::stats() const {
  const std::lock_guard lock(mutex_);
  LaneStats copy = stats_;
  copy.queued = queue_.size();
  return copy;
}

void Lane::loop() {
  for (;;) {
    Jobs batch;  // destroyed each round: a job may hold the last reference to a request
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
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
    }
    std::stable_sort(batch.begin(), batch.end(), [](const auto& a, const auto& b) { return a->slug() < b->slug(); });
    runBatch(batch);
  }
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

/// One transaction over `jobs`, which are sorted by tenant. Throws what the database throws.
void Lane::runAll(std::span<const std::unique_ptr<LaneJob>> jobs) {
  const Timestamp started = now();
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
    from = to;
  }
  connection_->queue(kCommit, nullptr);
  committing_ = true;
  connection_->flush();
}

/// Runs `jobs` in one transaction and says how that ended.
Lane::Ending Lane::transact(std::span<const std::unique_ptr<LaneJob>> jobs) {
  for (int attempt = 0;; ++attempt) {
    if (!connect()) return {LaneJob::Outcome::kUnavailable, "no connection to the database"};
    committing_ = false;
    try {
      runAll(jobs);
      return {LaneJob::Outcome::kCommitted, {}};
    } catch (const Unavailable& error) {
      const bool lost = connection_->broken();
      log::warn("db", lost ? "lane lost its connection" : "lane cannot write now", {{"reason", error.what()}});
      if (!lost) connection_->rollback();
      // A connection that went stale while idle fails at its first use: a second try is not the caller's business.
      // After COMMIT has left, nobody knows whether the batch is durable, and running it again could write it twice.
      if ((lost && committing_) || attempt > 0) return {LaneJob::Outcome::kUnavailable, error.what()};
    } catch (const std::exception& error) {
      connection_->rollback();
      return {LaneJob::Outcome::kFailed, error.what()};
    }
  }
}

void Lane::runBatch(const Jobs& jobs) {
  LaneStats delta;
  const auto finish = [&delta](LaneJob& job, const Ending& ending) {
    if (ending.outcome == LaneJob::Outcome::kFailed) {
      ++delta.failed;
      log::error("db", "job refused", {{"tenant", job.slug()}, {"reason", ending.error}});
    }
    if (ending.outcome == LaneJob::Outcome::kUnavailable) ++delta.unavailable;
    job.finish(ending.outcome, ending.error);
  };
  const Ending whole = transact(jobs);
  if (whole.outcome != LaneJob::Outcome::kFailed || jobs.size() == 1) {
    for (const auto& job : jobs) finish(*job, whole);
  } else {
    // One of them was refused and took its neighbours with it. Alone, each gets what it deserves.
    delta.replayed = jobs.size();
    for (const auto& job : jobs) finish(*job, transact(std::span(&job, 1)));
  }
  const std::lock_guard lock(mutex_);
  stats_.batches += 1;
  stats_.jobs += jobs.size();
  stats_.failed += delta.failed;
  stats_.replayed += delta.replayed;
  stats_.unavailable += delta.unavailable;
}

Lanes::Lanes(Connection::Options connection, LaneOptions options, std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i)
    lanes_.push_back(std::make_unique<Lane>(connection, options));
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
  }
  return sum;
}

}  // namespace patchbay::db
