/// A handler for tests: echoes, and keeps what a test asks it to keep.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/http.hpp"

namespace patchbay::edge::test {

/// Answers 200 "<METHOD> <path>?<query>|<body>" at once, unless the path says otherwise:
///   /hold...  keeps the Respond; the test takes it with takeHeld()
///   /drop     destroys the Respond
///   /throw    throws
/// `onLimits` and `onHandle` replace the behaviour as a whole when set (before the server starts).
class TestHandler : public http::Handler {
 public:
  struct Held {
    http::Request request;
    http::Respond respond;
  };

  std::function<http::Limits(const http::Request&, http::Response*, bool*)> onLimits;
  std::function<void(http::Request, http::Respond)> onHandle;

  http::Limits limits(const http::Request& head, http::Response* refusal, bool* refused) override {
    return onLimits ? onLimits(head, refusal, refused) : http::Limits{};
  }

  void handle(http::Request request, http::Respond respond) override {
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request.method + " " + request.path);
    }
    if (onHandle) return onHandle(std::move(request), std::move(respond));
    if (request.path.rfind("/hold", 0) == 0) {
      const std::lock_guard lock(mutex_);
      held_.push_back({std::move(request), std::move(respond)});
      changed_.notify_all();
    } else if (request.path == "/drop") {
      return;
    } else if (request.path == "/throw") {
      throw std::runtime_error("thrown by the test");
    } else {
      respond(echo(request));
    }
  }

  static http::Response echo(const http::Request& request) {
    return {200,
            {{"Content-Type", "text/plain"}},
            request.method + " " + request.path + "?" + request.query + "|" + request.body};
  }

  /// Waits until `count` requests are held, and takes them; after 60 s those that are there.
  std::vector<Held> takeHeld(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return held_.size() >= count; });
    return std::exchange(held_, {});
  }

  /// "METHOD /path" of every request that reached handle(), in order.
  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Held> held_;
  std::vector<std::string> seen_;
};

/// Loopback, a port of the system's choice.
template <class Options>
Options loopback() {
  Options options;
  options.host = "127.0.0.1";
  options.port = 0;
  return options;
}

}  // namespace patchbay::edge::test
