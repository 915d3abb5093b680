/// A small HTTP/1.1 server for simulators: whole requests in, replies out, and ways to misbehave on purpose.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::simulators {

struct HttpRequest {
  std::string method;
  std::string target;                        ///< path and query as they came
  std::string path;                          ///< raw path, percent escapes untouched
  std::map<std::string, std::string> query;  ///< decoded; the last of repeated names
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// Value of the first header with this name in any case; empty when there is none.
  std::string header(std::string_view name) const;
  /// Value of a query parameter; empty when there is none.
  std::string parameter(const std::string& name) const;
};

/// How a reply leaves. Everything but kAnswer ends the connection.
enum class Manner {
  kAnswer,
  kNeverAnswer,  ///< the connection stays open and silent until the peer, release() or the server closes it
  kClose,        ///< closed without a byte
  kDribble,      ///< the correct answer, one byte at a time
};

struct HttpReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Manner manner = Manner::kAnswer;
  std::chrono::milliseconds dribble_pause{20};  ///< between two bytes, for kDribble
};

/// One thread per connection, keep-alive. The constructor binds, so that url() is known before the first request can
/// come; start() serves. The destructor closes every connection and joins.
class HttpServer {
 public:
  /// Called on a connection's thread with the whole request; may run on many threads at once.
  using Handler = std::function<HttpReply(HttpRequest& request)>;
  /// Called before the body is read; true closes the connection with the body unread (the peer sees a reset). May be empty.
  using Gate = std::function<bool(const HttpRequest& request)>;

  /// @param port  0 lets the system choose; see port().
  /// @throws std::runtime_error  the address cannot be bound; the text names it.
  HttpServer(const std::string& host, std::uint16_t port, Handler handler, Gate gate);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start();

  std::uint16_t port() const;
  std::string url() const;  ///< "http://127.0.0.1:41234"

  /// Closes the connections that kNeverAnswer holds and cuts those that dribble.
  void release();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators
