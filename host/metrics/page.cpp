#include "metrics/page.hpp"

#include <prometheus/check_names.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>

#include "base/log.hpp"

namespace patchbay::metrics {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Page::Impl {
  std::vector<MetricFamily> families;  // in order of appearance
  std::map<std::string, std::size_t> by_name;
  std::map<std::string, std::pair<std::size_t, std::size_t>> by_labels;  // of one metric: family and place in it

  ClientMetric& metric(const std::string& name, const char* help, MetricType type, const Labels& labels) {
    const auto [at, fresh] = by_name.emplace(name, families.size());
    if (fresh) {
      if (!prometheus::CheckMetricName(name)) throw std::logic_error("not a name for a metric: " + name);
      families.push_back({name, help, type, {}});
    }
    MetricFamily& family = families[at->second];
    if (family.type != type) throw std::logic_error("two types of one metric: " + name);
    std::string key = name;
    for (const auto& [label, value] : labels) key.append(1, '\0').append(label).append(1, '\0').append(value);
    const auto [known, new_here] = by_labels.emplace(key, std::pair{at->second, family.metric.size()});
    if (new_here) {
      family.metric.emplace_back();
      for (const auto& [label, value] : labels) family.metric.back().label.push_back({label, value});
    }
    return family.metric[known->second.second];
  }
};

Page::Page() : impl_(std::make_unique<Impl>()) {}
Page::~Page() = default;

void Page::counter(const std::string& name, const char* help, double value, const Labels& labels) {
  impl_->metric(name, help, MetricType::Counter, labels).counter.value += value;
}

void Page::gauge(const std::string& name, const char* help, double value, const Labels& labels) {
  impl_->metric(name, help, MetricType::Gauge, labels).gauge.value += value;
}

void Page::histogram(const std::string& name, const char* help, const Histogram::Snapshot& value,
                     const Labels& labels) {
  auto& histogram = impl_->metric(name, help, MetricType::Histogram, labels).histogram;
  histogram.bucket.resize(value.counts.size());
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < value.counts.size(); ++i) {
    cumulative += value.counts[i];
    auto& bucket = histogram.bucket[i];
    bucket.cumulative_count += cumulative;
    bucket.upper_bound = i < value.bounds.size() ? value.bounds[i] : std::numeric_limits<double>::infinity();
  }
  histogram.sample_count += cumulative;  // not counted apart: the page always agrees with itself
  histogram.sample_sum += value.sum;
}

std::string Page::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->families);
  return out.str();
}

std::string Registry::text() const {
  Page page;
  int failed = 0;
  for (const auto& part : parts_) {
    try {
      part(page);
    } catch (const std::exception& error) {
      ++failed;
      log::warn("metrics", "a part's figures are missing", {{"reason", error.what()}});
    }
  }
  page.gauge("patchbay_metrics_errors", "Parts of the host whose figures are missing on this page; the log says why.",
             failed);
  return page.text();
}

}  // namespace patchbay::metrics
