/// The public listener: HTTP/1.1 on Boost.Beast. Knows sockets, limits and deadlines; nothing about the domain.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/http.hpp"
#include "edge/exchange.hpp"
#include "edge/tls.hpp"

namespace patchbay::edge {

struct ServerOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8003;            ///< 0: the system chooses; see port()
  unsigned io_threads = 1;              ///< measured: one beats two on two cores (engineering facts, section 10)
  std::size_t max_header = 16U << 10U;  ///< bytes of request line and fields; more is 431, as are more than 100 fields
  std::chrono::milliseconds header_deadline{
      std::chrono::seconds{10}};  ///< from accept or first byte to end of header, TLS included; then Limits::total
  std::chrono::milliseconds idle{std::chrono::seconds{75}};  ///< between two requests of one connection
  /// When there are as many, a new one takes the place of the oldest idle one, then of one that has been sending a
  /// header or a body too slowly; when there is none of these, it is answered 503 (with TLS: closed).
  std::size_t max_connections = 4096;
  /// Of one address at once; over it: 503. 0: a quarter. Trusted proxies have no such limit.
  std::size_t max_connections_per_address = 0;
  std::size_t body_budget = 256U << 20U;  ///< bytes of bodies in memory, of all requests together; over it: 503
  /// Of that, what the requests of one client address may hold together; one alone may always be as large as its route
  /// allows. 0: a quarter.
  std::size_t body_budget_per_peer = 0;
  /// In each span of this length a body must bring `min_body_rate` bytes per second, else it is 408: who stalls holds
  /// no memory.
  std::chrono::milliseconds body_window{std::chrono::seconds{5}};
  std::uint64_t min_body_rate = 1024;
  /// Sees every answer last, also those that the edge gives by itself: for errors in another form. Null: none. On I/O
  /// threads: must not wait.
  std::function<void(http::Response&)> restyle = nullptr;
  std::vector<std::string> trusted_proxies;  ///< networks: see TrustedProxies
  CorsOptions cors;
  AccessLogOptions access_log;
  std::optional<TlsFiles> tls;   ///< set: TLS alone is spoken
  std::chrono::seconds hsts{0};  ///< with TLS: Strict-Transport-Security; 0: not said
};

/// The address is taken, or may not be used. what() names address, reason and remedy.
class ListenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Counters since start, but for what is said to be now.
struct ServerStats {
  std::uint64_t connections = 0;  ///< now
  std::uint64_t idle = 0;         ///< now (50 ms ago at most): of these, waiting for a request
  std::uint64_t accepted = 0;
  std::uint64_t accept_errors = 0;  ///< no descriptors or memory for a connection; it is tried again
  std::uint64_t shed = 0;           ///< closed to make room: idle, or too slow when the server was full

  std::uint64_t requests = 0;              ///< with a whole header
  std::array<std::uint64_t, 6> answers{};  ///< by class of status: [2] is 2xx, [4] is 4xx; [0] and [1] stay 0
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  std::uint64_t refused_framing = 0;  ///< 400 by the edge itself
  std::uint64_t refused_size = 0;     ///< 413, 431
  std::uint64_t refused_busy = 0;     ///< 503 by connection limit or body budget
  std::uint64_t refused_address = 0;  ///< of the above: by the limit of one address

  std::uint64_t timed_out = 0;  ///< all of the following but idle
  std::uint64_t timed_out_handshake = 0;
  std::uint64_t timed_out_header = 0;
  std::uint64_t timed_out_body = 0;
  std::uint64_t timed_out_handler = 0;  ///< the answer did not come
  std::uint64_t timed_out_write = 0;    ///< the client did not take it
  std::uint64_t timed_out_idle = 0;     ///< connections that nobody used any more

  std::uint64_t body_bytes = 0;   ///< now: request bodies in memory
  std::uint64_t body_budget = 0;  ///< their limit

  bool tls = false;
  std::uint64_t tls_handshakes = 0;
  std::uint64_t tls_failures = 0;
  std::uint64_t tls_reloads = 0;
  std::uint64_t tls_reload_failures = 0;
  std::int64_t tls_not_after = 0;  ///< end of the present certificate, seconds since 1970; 0 without TLS
};

class Server {
 public:
  /// Binds and starts to answer. `handler` must outlive the server.
  /// @throws ListenError, TlsError, std::invalid_argument (a trusted proxy that is no network)
  Server(const ServerOptions& options, http::Handler& handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  ServerStats stats() const;  ///< [any-thread] cheap

  /// [any-thread] Reads certificate and key again; they are also looked at every two seconds. See TlsCertificates.
  /// @return false when they cannot be used (the old ones stay) or there is no TLS
  bool reloadCertificate();

  /// Stops accepting (new clients are refused by the system), lets requests in flight end with `Connection: close`, and
  /// returns when they have or after `grace`; what is left then is cut. Blocks; call from the main thread.
  void stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::edge
