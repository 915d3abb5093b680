/// Blocking HTTP client for delivering webhooks, over libcurl. Connections are kept and reused as the providers do,
/// unless asked otherwise.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::simulators {

struct HttpAnswer {
  int status = 0;     ///< 0: no whole answer came
  std::string body;   ///< at most 1 MiB of it
  std::string error;  ///< why there was none
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::chrono::microseconds took{0};

  /// Value of the first header with this name in any case; empty when there is none.
  std::string header(std::string_view name) const;
};

/// libcurl sends a request again, unasked, when a kept connection is closed before a byte of the answer: whoever counts
/// requests wants a fresh one for each.
enum class Connections { kKept, kFresh };

/// Thread-safe: each call takes an idle handle (with its open connections) or makes one.
class HttpClient {
 public:
  /// @param timeout  total, per request.
  explicit HttpClient(std::chrono::milliseconds timeout, Connections connections = Connections::kKept);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;
  HttpAnswer get(const std::string& url, const Headers& headers = {});
  HttpAnswer post(const std::string& url, const Headers& headers, const std::string& body);
  HttpAnswer request(const std::string& method, const std::string& url, const Headers& headers,
                     const std::string& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators
