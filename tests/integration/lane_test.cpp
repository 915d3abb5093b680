// Group commit with an overlapping next batch: whatever fails in between, every job has one ending, and it is the true
// one.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "db/lane.hpp"
#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::testing {
namespace {

using db::Params;
using Outcome = db::LaneJob::Outcome;
using std::chrono::milliseconds;

constexpr db::Statement kInsert{"test.insert",
                                "INSERT INTO public.written (tenant, job, positive) VALUES ($1, $2, $3)"};
constexpr db::Statement kLook{"test.look", "SELECT count(*) FROM public.written WHERE tenant = $1 AND job = $2"};

/// How all jobs ended.
class Endings {
 public:
  void add(const std::string& job, Outcome outcome) {
    const std::lock_guard lock(mutex_);
    ++count_;
    EXPECT_TRUE(outcomes_.emplace(job, outcome).second) << job << " ended twice";
    changed_.notify_all();
  }
  bool waitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return count_ >= count; });
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  const std::map<std::string, Outcome>& outcomes() const { return outcomes_; }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  std::map<std::string, Outcome> outcomes_;
};

/// Looks whether it has been written, writes itself and an event. `positive`: a CHECK refuses what is not.
class WritingJob final : public db::LaneJob {
 public:
  WritingJob(std::string slug, std::string name, std::int64_t positive, bool looks, Endings& endings)
      : LaneJob(std::move(slug)), name_(std::move(name)), positive_(positive), looks_(looks), endings_(endings) {}

  void run(db::TenantWrite& write, std::span<LaneJob* const>) override {
    if (looks_ && write.query(kLook, Params().text(slug()).text(name_)).int8(0, 0) != 0)
      ADD_FAILURE() << name_ << " runs again after it was committed";
    write.queue(kInsert, Params().text(slug()).text(name_).int8(positive_));
    write.event("test.written", {"system", "", ""}, "{}");
  }
  void finish(Outcome outcome, const std::string&) noexcept override { endings_.add(name_, outcome); }

 private:
  const std::string name_;
  const std::int64_t positive_;
  const bool looks_;
  Endings& endings_;
};

class LaneTest : public ::testing::Test {
 protected:
  LaneTest() : pool_(db::Connection::Options{.url = database_.url()}, 2), tenants_(pool_) {}

  void SetUp() override {
    tenants_.migrateAll();
    for (const char* slug : {"acme", "globex"}) ASSERT_TRUE(tenants_.initialize("", slug).ok());
    database_.query(
        "CREATE TABLE public.written (tenant text, job text, positive bigint CHECK (positive > 0), "
        "PRIMARY KEY (tenant, job))");
  }

  /// The events of a tenant are 1, 2, 3, ... and one per row.
  void expectWholeStream(const std::string& slug) {
    const std::string schema = "tenant_" + slug;
    EXPECT_EQ(database_.query("SELECT count(*) FROM " + schema + ".pb_events"),
              database_.query("SELECT count(*) FROM public.written WHERE tenant = '" + slug + "'"));
    EXPECT_EQ(database_.query("SELECT coalesce(max(seq), 0) = count(*) FROM " + schema + ".pb_events"), "t");
    EXPECT_EQ(database_.query("SELECT s.seq = (SELECT count(*) FROM " + schema + ".pb_events) FROM " + schema +
                              ".pb_stream s"),
              "t");
  }

  bool written(const std::string& slug, const std::string& job) {
    return database_.query("SELECT count(*) FROM public.written WHERE tenant = '" + slug + "' AND job = '" + job +
                           "'") == "1";
  }

  TestDatabase database_;
  db::Pool pool_;
  tenancy::Tenants tenants_;
};

/// Feeds a lane from several threads, a few jobs at a time, so that it commits and gathers without pause.
template <class Make>
void feed(db::Lane& lane, int threads, int each, Make make) {
  std::vector<std::jthread> feeders;
  for (int t = 0; t < threads; ++t)
    feeders.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        while (!lane.submit(make(t, i))) std::this_thread::sleep_for(milliseconds(1));
        if (i % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
      }
    });
}

TEST_F(LaneTest, ARefusedJobTakesNeitherItsBatchNorTheOneBehindItDown) {
  for (const std::size_t overlap : {std::size_t{0}, std::size_t{1000}}) {
    SCOPED_TRACE(overlap);
    Endings endings;
    db::Lane lane({.url = database_.url()}, {.overlap_up_to = overlap});
    const std::string prefix = std::to_string(overlap) + "-";
    feed(lane, 4, 150, [&](int t, int i) {
      const bool bad = i % 10 == 3;
      return std::make_unique<WritingJob>(t % 2 == 0 ? "acme" : "globex",
                                          prefix + std::to_string(t) + "." + std::to_string(i) + (bad ? "bad" : ""),
                                          bad ? -1 : 1, i % 3 == 0, endings);
    });
    ASSERT_TRUE(endings.waitFor(600));
    lane.stop();
    for (const auto& [job, outcome] : endings.outcomes())
      EXPECT_EQ(outcome, job.ends_with("bad") ? Outcome::kFailed : Outcome::kCommitted) << job;
    EXPECT_EQ(database_.query("SELECT count(*) FROM public.written WHERE job LIKE '" + prefix + "%'"), "540");
    EXPECT_EQ(lane.stats().failed, 60U);
  }
  expectWholeStream("acme");
  expectWholeStream("globex");
}

TEST_F(LaneTest, WhatIsAnsweredAsCommittedIsThereWhenTheDatabaseEndsSessionsAllTheTime) {
  // Many commits that take their time: most kills meet one. And one commit that ends its own session, so that at least
  // that one is met, whatever the machine.
  database_.query(
      "CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.job = '0.100' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
      "PERFORM pg_sleep(0.002); RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON public.written DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW WHEN (NEW.job LIKE '%0') EXECUTE FUNCTION public.dawdle()");
  Endings endings;
  {
    db::Lane lane({.url = database_.url()}, {.max_batch = 32, .overlap_up_to = 1000});
    std::jthread killer([&](std::stop_token stop) {
      // After every so many endings, so that the lane gets somewhere in between, however slow the machine is.
      for (std::size_t next = 20; !stop.stop_requested();) {
        std::this_thread::sleep_for(milliseconds(2));
        if (endings.count() < next) continue;
        database_.killSessions();
        next = endings.count() + 20;
      }
    });
    feed(lane, 4, 250, [&](int t, int i) {
      return std::make_unique<WritingJob>("acme", std::to_string(t) + "." + std::to_string(i), 1, false, endings);
    });
    EXPECT_TRUE(endings.waitFor(1000));
  }
  std::size_t committed = 0;
  for (const auto& [job, outcome] : endings.outcomes()) {
    ASSERT_NE(outcome, Outcome::kFailed) << job;
    if (outcome != Outcome::kCommitted) continue;
    ++committed;
    EXPECT_TRUE(written("acme", job)) << job << " was answered as committed";
  }
  EXPECT_GT(committed, 0U);
  EXPECT_LT(committed, 1000U);  // else nothing was put to the test
  expectWholeStream("acme");
}

TEST_F(LaneTest, StoppingAnswersEveryJobThatWasTaken) {
  Endings endings;
  std::size_t taken = 0;
  {
    db::Lane lane({.url = database_.url()}, {.overlap_up_to = 8});
    for (int i = 0; i < 300; ++i)
      taken += lane.submit(std::make_unique<WritingJob>("acme", std::to_string(i), 1, false, endings)) ? 1 : 0;
  }
  EXPECT_EQ(endings.outcomes().size(), taken);
  expectWholeStream("acme");
}

TEST_F(LaneTest, ACommitThatFailsByADeferredConstraintAnswersItsOwnJobsOnly) {
  database_.query(
      "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.job LIKE '%late' THEN RAISE EXCEPTION 'refused at commit'; END IF; RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON public.written DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION public.refuse()");
  Endings endings;
  db::Lane lane({.url = database_.url()}, {.overlap_up_to = 1000});
  feed(lane, 2, 100, [&](int t, int i) {
    return std::make_unique<WritingJob>(
        "acme", std::to_string(t) + "." + std::to_string(i) + (i % 9 == 4 ? "late" : ""), 1, i % 2 == 0, endings);
  });
  ASSERT_TRUE(endings.waitFor(200));
  lane.stop();
  for (const auto& [job, outcome] : endings.outcomes())
    EXPECT_EQ(outcome, job.ends_with("late") ? Outcome::kFailed : Outcome::kCommitted) << job;
  expectWholeStream("acme");
}

}  // namespace
}  // namespace patchbay::testing
