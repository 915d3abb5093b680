#include "metrics/page.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "metrics/process.hpp"
#include "support/exposition.hpp"

namespace patchbay::metrics {
namespace {

using patchbay::testing::Exposition;

TEST(MetricsPage, SaysWhatItWasGiven) {
  Page page;
  page.counter("apples_total", "Apples that were eaten.", 3, {{"colour", "red"}});
  page.counter("apples_total", "Apples that were eaten.", 4, {{"colour", "green"}});
  page.gauge("baskets", "Baskets that are open.", -1.5);
  const auto read = Exposition::parse(page.text());
  EXPECT_EQ(read.value(R"(apples_total{colour="red"})"), 3);
  EXPECT_EQ(read.value(R"(apples_total{colour="green"})"), 4);
  EXPECT_EQ(read.value("baskets"), -1.5);
}

TEST(MetricsPage, TheSameMetricTwiceIsAddedUp) {
  Page page;
  Histogram histogram(kCountBuckets);
  histogram.observe(3);
  for (int i = 0; i < 2; ++i) {
    page.counter("apples_total", "Apples that were eaten.", 2, {{"of", "other"}});
    page.histogram("bags", "Apples in a bag.", histogram.snapshot());
  }
  const auto read = Exposition::parse(page.text());
  EXPECT_EQ(read.value(R"(apples_total{of="other"})"), 4);
  EXPECT_EQ(read.value(R"(bags_bucket{le="2"})"), 0);
  EXPECT_EQ(read.value(R"(bags_bucket{le="4"})"), 2);
  EXPECT_EQ(read.value("bags_count"), 2);
  EXPECT_EQ(read.value("bags_sum"), 6);
}

TEST(MetricsPage, AValueOfALabelCannotLeaveIt) {
  Page page;
  page.gauge("things", "Things of all kinds.", 1, {{"name", "a\"} 1\nforged_total 7\\"}});
  const auto read = Exposition::parse(page.text());
  EXPECT_EQ(read.samples().size(), 1U) << page.text();
}

TEST(MetricsPage, RefusesAWrongNameAndASecondType) {
  Page page;
  EXPECT_THROW(page.gauge("9 lives", "Lives that a cat has.", 9), std::logic_error);
  page.gauge("lives", "Lives that a cat has.", 9);
  EXPECT_THROW(page.counter("lives", "Lives that a cat has.", 9), std::logic_error);
}

TEST(MetricsRegistry, APartThatFailsLeavesTheOthers) {
  Registry registry;
  registry.add([](Page&) { throw std::runtime_error("broken"); });
  registry.add([](Page& page) { page.gauge("good", "A part that is well.", 1); });
  const auto read = Exposition::parse(registry.text());
  EXPECT_EQ(read.value("good"), 1);
  EXPECT_EQ(read.value("patchbay_metrics_errors"), 1);
}

TEST(Histograms, CountFromManyThreads) {
  Histogram histogram(kCountBuckets);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&histogram] {
        for (int i = 0; i < 10000; ++i) histogram.observe(i % 2 == 0 ? 1 : 1000);
      });
  }
  const auto seen = histogram.snapshot();
  EXPECT_EQ(seen.counts.front(), 20000U);
  EXPECT_EQ(seen.counts.back(), 20000U);
  EXPECT_EQ(seen.sum, 20000.0 * 1001);
}

TEST(ProcessMetrics, AreOfThisProcess) {
  Page page;
  collectProcess(page);
  const auto read = Exposition::parse(page.text());
  EXPECT_GT(read.value("process_resident_memory_bytes"), 1e6);
  EXPECT_LT(read.value("process_resident_memory_bytes"), 1e10);
  EXPECT_GE(read.value("process_open_fds"), 3);
  EXPECT_GE(read.value("process_threads"), 1);
  EXPECT_GE(read.value("process_cpu_seconds_total"), 0);
  const auto seconds = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(read.value("process_start_time_seconds"), seconds, 600);
}

}  // namespace
}  // namespace patchbay::metrics
