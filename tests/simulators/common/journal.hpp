/// What a simulator has seen, for those who ask for it or wait for it.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "simulators/common/control.hpp"

namespace patchbay::simulators {

/// Thread-safe. Of webhooks and of calls so many are kept, the oldest go first; sends are all kept: tests count them.
/// Nobody waits any more after stop().
template <class Sent, class Webhook, class Call>
class Journal {
 public:
  static constexpr std::size_t kMaxRecords = 20'000;
  using Milliseconds = std::chrono::milliseconds;

  /// @return how many times `body` was accepted, this time included; 2 is a message that the customer got twice
  int count(const std::string& body) {
    const std::lock_guard lock(mutex_);
    return ++counts_[body];
  }

  void add(Sent message) {
    record([&] { sent_.push_back(std::move(message)); });
  }
  void add(Webhook webhook) {
    record([&] { keep(webhooks_, std::move(webhook)); });
  }
  void add(Call call) {
    record([&] { keep(calls_, std::move(call)); });
  }

  std::vector<Sent> sent() const { return waitForSent(0, {}); }
  std::vector<Webhook> webhooks() const {
    const std::lock_guard lock(mutex_);
    return {webhooks_.begin(), webhooks_.end()};
  }
  std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return {calls_.begin(), calls_.end()};
  }

  /// Waits until there are at least `count`. @return all of them, fewer on timeout
  std::vector<Sent> waitForSent(std::size_t count, Milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    wait(lock, timeout, [&] { return sent_.size() >= count; });
    return sent_;
  }
  bool waitForCalls(std::size_t count, Milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return wait(lock, timeout, [&] { return calls_.size() >= count; });
  }
  /// Waits until the host has taken a webhook that fits.
  template <class Fits>
  bool waitForWebhook(Milliseconds timeout, const Fits& fits) const {
    std::unique_lock lock(mutex_);
    return wait(lock, timeout, [&] {
      return std::any_of(webhooks_.begin(), webhooks_.end(), [&](const Webhook& w) { return w.ok() && fits(w); });
    });
  }

  /// GET /requests, /sent and /demo/state of the control APIs: waits until there are as many calls, or sends, as the
  /// request says, and answers 408 when they do not come.
  HttpReply answerRecords(const HttpRequest& request, std::string_view what,
                          const std::function<Json()>& demo_state) const {
    const std::size_t wanted = atLeast(request);
    if (what == "/requests") {
      const bool enough = waitForCalls(wanted, waitOf(request));
      const auto all = calls();
      return plain(enough ? 200 : 408, {{"requests", listOf(all)}, {"total", all.size()}});
    }
    const auto all = waitForSent(wanted, waitOf(request));
    const int status = all.size() >= wanted ? 200 : 408;
    return plain(status, what == "/sent" ? Json{{"sent", listOf(all)}, {"total", all.size()}} : demo_state());
  }
  /// GET /statuses: the webhooks that fit. When the request says how long to wait for one that the host has taken, and
  /// there is none, 408.
  template <class Fits>
  HttpReply answerWebhooks(const HttpRequest& request, const Fits& fits) const {
    const auto patience = waitOf(request);
    const bool there = waitForWebhook(patience, fits);
    auto found = webhooks();
    std::erase_if(found, [&](const Webhook& webhook) { return !fits(webhook); });
    return plain(patience.count() > 0 && !there ? 408 : 200, {{"webhooks", listOf(found)}, {"total", found.size()}});
  }

  /// The steps of the demo, for its state.
  void setDemo(Json steps) {
    record([&] { demo_ = std::move(steps); });
  }
  Json demo() const {
    const std::lock_guard lock(mutex_);
    return demo_;
  }

  void clear() {
    record([&] {
      sent_.clear();
      counts_.clear();
      webhooks_.clear();
      calls_.clear();
      demo_ = Json::array();
    });
  }
  void stop() {
    record([&] { stopping_ = true; });
  }

 private:
  template <class Change>
  void record(const Change& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  template <class Record>
  static void keep(std::deque<Record>& records, Record one) {
    records.push_back(std::move(one));
    if (records.size() > kMaxRecords) records.pop_front();
  }
  template <class Enough>
  bool wait(std::unique_lock<std::mutex>& lock, Milliseconds timeout, const Enough& enough) const {
    changed_.wait_for(lock, timeout, [&] { return stopping_ || enough(); });
    return enough();
  }

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  std::vector<Sent> sent_;
  std::map<std::string, int> counts_;
  std::deque<Webhook> webhooks_;
  std::deque<Call> calls_;
  Json demo_ = Json::array();
  bool stopping_ = false;
};

}  // namespace patchbay::simulators
