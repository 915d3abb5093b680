/// The templates that a provider has approved, asked for once in a while.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "delivery/direct_operation.hpp"

namespace patchbay::delivery {

/// Thread-safe. One entry per channel instance; several who ask at the same time share one question.
class TemplateList {
 public:
  struct Listing {
    DirectOutcome outcome;  ///< `result` is not used
    Json templates;         ///< `templates` of result.schema.json, when the outcome is ok
    Timestamp fetched_at{};
  };
  /// Called once, on a worker; at once on the caller's thread when the list is in memory.
  using Done = std::function<void(const Listing&)>;

  explicit TemplateList(DirectOperations& operations) : operations_(operations) {}

  /// @param max_age  of a list in memory; 0: ask the provider
  void list(const std::shared_ptr<connectors::Channel>& channel, std::chrono::seconds max_age,
            std::chrono::milliseconds deadline, Done done);

 private:
  struct Entry {
    std::weak_ptr<connectors::Channel> of;  // another instance (a reload) has a list of its own
    Listing last;                           // the last good one
    std::vector<Done> waiting;
  };
  void arrived(const std::string& key, DirectOutcome outcome);

  DirectOperations& operations_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // guarded by mutex_; by "tenant/channel"
};

/// "order_ready (en_US)" of those that can be sent, at most `most`.
std::vector<std::string> sendable(const Json& templates, std::size_t most);

}  // namespace patchbay::delivery
