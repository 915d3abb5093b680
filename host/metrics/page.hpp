/// Metrics of one moment, and their text for Prometheus. Everything is pulled: the parts of the host count for
/// themselves, cheaply, and whoever asks for the page reads their figures. See README.md for what there is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/histogram.hpp"

namespace patchbay::metrics {

/// In the order in which they are printed. Values come from the configuration and from our own words, never from
/// outside: their number is bounded.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// A count as a metric's value.
inline double number(std::uint64_t count) {
  return static_cast<double>(count);
}

/// Not thread-safe. The same name and labels twice are one metric: the values are added up.
class Page {
 public:
  Page();
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  /// @param name  with its unit; a counter's ends with _total
  /// @throws std::logic_error  a name that Prometheus does not take, or one that has been of another type
  void counter(const std::string& name, const char* help, double value, const Labels& labels = {});
  void gauge(const std::string& name, const char* help, double value, const Labels& labels = {});
  void histogram(const std::string& name, const char* help, const Histogram::Snapshot& value,
                 const Labels& labels = {});

  /// The text format, version 0.0.4.
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a host exports. Filled at start; text() then from any thread.
class Registry {
 public:
  /// Adds a part's figures to the page. A part that throws is left out, and patchbay_metrics_errors says that one was.
  using Collect = std::function<void(Page&)>;
  void add(Collect collect) { parts_.push_back(std::move(collect)); }
  std::string text() const;

 private:
  std::vector<Collect> parts_;
};

}  // namespace patchbay::metrics
