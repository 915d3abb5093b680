/// The public listener: HTTP/1.1 on Boost.Beast. Knows sockets, limits and deadlines; nothing about the domain.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/http.hpp"

namespace patchbay::edge {

struct ServerOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8003;            ///< 0: the system chooses; see port()
  unsigned io_threads = 1;              ///< measured: one beats two on two cores (engineering facts, section 10)
  std::size_t max_header = 16U << 10U;  ///< bytes of request line and fields; more is 431, as are more than 100 fields
  std::chrono::milliseconds header_deadline{
      std::chrono::seconds{10}};  ///< from accept or first byte to end of header; then Limits::total
  std::chrono::milliseconds idle{std::chrono::seconds{75}};  ///< between two requests of one connection
  std::size_t max_connections = 4096;                        ///< over it: accepted, answered 503 and closed
  std::size_t body_budget = 256U << 20U;  ///< bytes of bodies in memory, of all requests together; over it: 503
  /// Of that, what the requests of one address may hold together; one alone may always be as large as its route allows.
  /// 0: a quarter. All clients behind one proxy are one address.
  std::size_t body_budget_per_peer = 0;
  /// In each span of this length a body must bring 1 KiB per second, else it is 408: who stalls holds no memory.
  std::chrono::milliseconds body_window{std::chrono::seconds{5}};
  /// Sees every answer last, also those that the edge gives by itself: for errors in another form. Null: none. On I/O
  /// threads: must not wait.
  std::function<void(http::Response&)> restyle = nullptr;
};

/// The address is taken, or may not be used. what() names address, reason and remedy.
class ListenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ServerStats {
  std::uint64_t connections = 0;    ///< open now
  std::uint64_t accepted = 0;       ///< since start
  std::uint64_t accept_errors = 0;  ///< no descriptors or memory for a connection; it is tried again
  std::uint64_t requests = 0;
  std::uint64_t refused_framing = 0;  ///< 400 by the edge itself
  std::uint64_t refused_size = 0;     ///< 413, 431
  std::uint64_t refused_busy = 0;     ///< 503 by budget or connection limit
  std::uint64_t timed_out = 0;
  std::uint64_t body_bytes = 0;  ///< held now
};

class Server {
 public:
  /// Binds and starts to answer. `handler` must outlive the server.
  /// @throws ListenError
  Server(const ServerOptions& options, http::Handler& handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  ServerStats stats() const;

  /// Stops accepting (new clients are refused by the system), lets requests in flight end with `Connection: close`, and
  /// returns when they have or after `grace`; what is left then is cut. Blocks; call from the main thread.
  void stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::edge
